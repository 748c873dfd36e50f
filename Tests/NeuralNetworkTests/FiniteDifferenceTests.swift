import TestSupport
import Testing

@testable import NeuralNetwork

/// Gradients against central differences of a network evaluated in Double.
///
/// With a step of 1e-5 the difference quotient is right to about 1e-10 of the loss's curvature and 1e-16/1e-5 of
/// rounding; what is left is the Float arithmetic under test: 2e-6 of the largest element of a tensor, or 1e-5 behind a
/// batch normalisation, whose input gradient is what is left when means are taken off. Kinks of ReLU and pooling within
/// 1e-5 of an input would show as an error of order one; the seeds avoid them.
@Suite("Gradients agree with finite differences")
struct FiniteDifferenceTests {
    static let step = 1e-5

    /// Names list the layers of the model.
    static let basicModels: [(name: String, configuration: ModelConfiguration)] = [
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

    /// Between them: strides, windows, activations and paddings of every kind.
    static let imageModels: [(name: String, configuration: ModelConfiguration)] = [
        ("strides", image(7, 6, 2, [strided(3, 3, 2, stride: (2, 1), .valid), .flatten, dense(3, .softmax)])),
        (
            "strides same",
            image(7, 6, 2, [strided(3, 2, 4, stride: (3, 2), .same, .tanh), .flatten, dense(3, .softmax)])
        ),
        (
            "max pool same",
            image(
                6, 7, 1,
                [convolution(2, 2, 2, .same, .tanh), maxPool((3, 3), .same), .flatten, dense(3, .softmax)])
        ),
        (
            "max pool overlapping",
            image(
                6, 5, 1,
                [convolution(2, 2, 2), maxPool((3, 2), stride: 1), .flatten, dense(3, .softmax)])
        ),
        (
            "average pool same",
            image(
                6, 7, 1, [convolution(2, 2, 2), averagePool((3, 3), .same), .flatten, dense(3, .softmax)])
        ),
        (
            "average pool overlapping",
            image(
                6, 5, 1,
                [convolution(2, 2, 2), averagePool((2, 3), stride: 1), .flatten, dense(3, .softmax)])
        ),
        (
            "global average",
            image(6, 5, 1, [convolution(4, 2, 2, .same, .sigmoid), .globalAveragePool2D, dense(3, .softmax)])
        ),
        (
            "activation layers",
            image(
                5, 4, 1,
                [
                    convolution(3, 2, 2, .valid, .linear), .activation(.softmax), convolution(3, 2, 2, .valid, .linear),
                    .activation(.relu), .activation(.tanh), .flatten, dense(5, .sigmoid), dense(4, .softmax),
                    dense(4, .linear), .activation(.sigmoid), dense(3, .linear), .activation(.softmax),
                ])
        ),
        (
            "zero padding and layer normalisation",
            image(
                4, 3, 2,
                [
                    convolution(5, 2, 2, .valid, .tanh),
                    .zeroPad2D(top: 2, bottom: 0, left: 1, right: 3), convolution(4, 2, 2, .valid, .tanh),
                    .layerNormalization(), .flatten, .layerNormalization(epsilon: 0.1),
                    dense(5, .tanh), dense(3, .softmax),
                ])
        ),
        (
            "smooth activations",
            image(
                5, 4, 1,
                [
                    convolution(3, 2, 2, .valid, .gelu), .flatten, dense(5, .gelu), dense(4, .silu),
                    dense(4, .leakyReLU()), dense(3, .softmax),
                ])
        ),
        (
            "resize and repeat",
            image(
                4, 3, 2,
                [
                    .resize(Extent(height: 3, width: 7)), .repeatChannels(count: 2), convolution(2, 2, 2), .flatten,
                    dense(3, .softmax),
                ])
        ),
    ]

    /// Layers that do something else in training than in evaluation.
    static let trainingModels: [(name: String, configuration: ModelConfiguration)] = [
        (
            "dropout",
            image(
                5, 5, 2,
                [
                    .dropout(rate: 0.2), convolution(4, 2, 2), .dropout(rate: 0.25), .maxPool2D, .flatten,
                    dense(9, .tanh), .dropout(rate: 0.4), dense(3, .softmax),
                ])
        ),
        ("batch normalisation", image(5, 5, 1, normalized(BatchNormalization()))),
        ("ghost batch normalisation", image(5, 5, 1, normalized(BatchNormalization(isGhost: true)))),
        (
            "frozen batch normalisation",
            image(5, 5, 1, normalized(BatchNormalization(isTrainable: false)))
        ),
        (
            "batch normalisation of a vector",
            image(
                3, 2, 1,
                [
                    .flatten, dense(5, .tanh), .batchNormalization(epsilon: 0.1),
                    dense(3, .softmax),
                ])
        ),
    ]

    static func normalized(_ normalization: BatchNormalization) -> [LayerConfiguration] {
        [
            convolution(3, 2, 2, .valid, .tanh), LayerConfiguration(normalization), convolution(3, 2, 2),
            LayerConfiguration(normalization), .maxPool2D, .flatten, dense(3, .softmax),
        ]
    }

    static let models = basicModels + imageModels + trainingModels
    static let losses: [(loss: any Loss, output: Activation)] = [
        (CategoricalCrossEntropy(isSparse: false), .softmax),
        (CategoricalCrossEntropy(isSparse: false, labelSmoothing: 0.1), .softmax),
        (CategoricalCrossEntropy(labelSmoothing: 0.2), .sigmoid),
        (BinaryCrossEntropy(), .softmax),
        (BinaryCrossEntropy(labelSmoothing: 0.1), .sigmoid),
        (MeanSquaredError(), .softmax),
        (MeanSquaredError(), .sigmoid),
        (MeanSquaredError(labelSmoothing: 0.1), .linear),
    ]

    static func image(
        _ height: Int, _ width: Int, _ channels: Int, _ layers: [LayerConfiguration]
    ) -> ModelConfiguration {
        ModelConfiguration(
            inputShape: ImageShape(height: height, width: width, channels: channels), layers: layers)
    }

    @Test("every layer", arguments: models.indices)
    func everyLayer(index: Int) throws {
        let (name, configuration) = Self.models[index]
        try check(name, configuration, CategoricalCrossEntropy(), seed: UInt64(index) + 11)
    }

    @Test("every loss", arguments: losses.indices)
    func everyLoss(index: Int) throws {
        let (loss, output) = Self.losses[index]
        let configuration = Self.image(3, 2, 1, [.flatten, dense(5, .tanh), dense(4, output)])
        try check("\(loss) of \(output)", configuration, loss, seed: UInt64(index) + 11)
    }

    private func check(
        _ name: String, _ configuration: ModelConfiguration, _ loss: any Loss, seed: UInt64
    ) throws {
        let model = try Model(configuration, loss: loss)
        var random = SeededGenerator(seed: seed)
        let labels = (0..<5).map { _ in UInt8.random(in: 0..<UInt8(model.classCount), using: &random) }
        let run = TestRun(
            model: model, kernels: KernelSets.best, threadCount: 2, blockSampleCount: 2,
            inputs: random.floats(labels.count * model.inputElementCount), labels: labels)
        let parameters = random.parameters(model)
        let result = try run.train(parameters, microBatchCount: 4)
        let gradient = try #require(result.roots.first)

        let reference = ReferenceNetwork(model: model, microBatches: (0..<4).map { 5 * $0 / 4..<5 * ($0 + 1) / 4 })
        let tolerance: Float = name.contains("normalisation") ? 1e-5 : 2e-6
        var moved = parameters.map(Double.init)
        for parameter in model.parameters where parameter.role == .trainable {
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
            #expect(difference < tolerance, "\(name): \(parameter.name)")
            #expect(expected.contains { $0 != 0 }, "\(name): \(parameter.name) has a gradient at all")
        }
        let losses = reference.sampleLosses(parameters.map(Double.init), inputs: run.inputs, labels: labels)
        #expect(relativeDifference(result.losses, losses.map { Float($0) }) < 2e-6, "\(name): losses")
    }
}
