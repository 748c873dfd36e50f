import Testing

@testable import NeuralNetwork

/// Gradients against central differences of a network evaluated in Double.
///
/// With a step of 1e-5 the difference quotient is right to about 1e-10 of the loss's curvature and 1e-16/1e-5 of
/// rounding; what is left is the Float arithmetic under test: 2e-6 of the largest element of a tensor. Kinks of ReLU
/// and pooling within 1e-5 of an input would show as an error of order one; the seeds avoid them.
@Suite("Gradients agree with finite differences")
struct FiniteDifferenceTests {
    static let step = 1e-5

    /// Names say what is alone in the model, or joined.
    static let models: [(name: String, configuration: ModelConfiguration)] = [
        ("dense softmax", image(3, 2, 1, [.flatten, dense(4, .softmax)])),
        ("dense sigmoid", image(3, 2, 1, [.flatten, dense(4, .sigmoid)])),
        ("dense relu", image(3, 2, 2, [.flatten, dense(5, .relu), dense(3, .softmax)])),
        ("dense linear", image(3, 2, 2, [.flatten, dense(5, .linear), dense(3, .sigmoid)])),
        ("convolution relu", image(5, 6, 2, [convolution(3, 2, 3), .flatten, dense(3, .softmax)])),
        ("convolution linear", image(5, 6, 1, [convolution(3, 3, 1, .valid, .linear), .flatten, dense(3, .sigmoid)])),
        ("convolution same", image(5, 6, 2, [convolution(3, 4, 3, .same), .flatten, dense(3, .sigmoid)])),
        ("pool alone", image(5, 6, 2, [.maxPool2D, .flatten, dense(3, .softmax)])),
        ("convolution pool", image(6, 7, 2, [convolution(3, 2, 2), .maxPool2D, .flatten, dense(3, .softmax)])),
        (
            "convolution linear pool pool",
            image(
                11, 11, 1,
                [convolution(3, 2, 2, .valid, .linear), .maxPool2D, .maxPool2D, .flatten, dense(3, .softmax)])
        ),
        (
            "two convolutions",
            image(6, 6, 1, [convolution(3, 3, 3, .same), convolution(4, 2, 2), .flatten, dense(3, .softmax)])
        ),
        (
            "two pooled convolutions, same",
            image(
                8, 9, 2,
                [
                    convolution(3, 2, 3, .same), .maxPool2D, convolution(4, 3, 2, .same), .maxPool2D, .flatten,
                    dense(5, .relu), dense(3, .sigmoid),
                ])
        ),
    ]

    static func image(
        _ height: Int, _ width: Int, _ channels: Int, _ layers: [LayerConfiguration]
    ) -> ModelConfiguration {
        ModelConfiguration(
            inputShape: ImageShape(height: height, width: width, channels: channels), layers: layers)
    }

    @Test("every layer and loss", arguments: models.indices)
    func gradients(index: Int) throws {
        let (name, configuration) = Self.models[index]
        let model = try Model(configuration, loss: .sparseCategoricalCrossEntropy)
        var random = TestRandom(seed: UInt64(index) + 11)
        let labels = (0..<5).map { _ in UInt8.random(in: 0..<UInt8(model.classCount), using: &random) }
        let run = TestRun(
            model: model, kernels: KernelSets.best, threadCount: 2, blockSampleCount: 2,
            inputs: random.floats(labels.count * model.inputElementCount), labels: labels)
        let parameters = random.parameters(model)
        let result = try run.train(parameters, microBatchCount: 4)
        let gradient = try #require(result.roots.first)

        let reference = ReferenceNetwork(model: model)
        var moved = parameters.map(Double.init)
        for parameter in model.parameters {
            let expected = parameter.arenaRange.map { index in
                let value = moved[index]
                defer { moved[index] = value }
                moved[index] = value + Self.step
                let above = reference.loss(moved, inputs: run.inputs, labels: labels)
                moved[index] = value - Self.step
                let below = reference.loss(moved, inputs: run.inputs, labels: labels)
                return Float((above - below) / (2 * Self.step))
            }
            let difference = relativeDifference(Array(gradient[parameter.arenaRange]), expected)
            #expect(difference < 2e-6, "\(name): \(parameter.name)")
            #expect(expected.contains { $0 != 0 }, "\(name): \(parameter.name) has a gradient at all")
        }
        let losses = reference.sampleLosses(parameters.map(Double.init), inputs: run.inputs, labels: labels)
        #expect(relativeDifference(result.losses, losses.map { Float($0) }) < 2e-6, "\(name): losses")
    }
}
