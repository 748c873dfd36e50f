import Testing

@testable import NeuralNetwork

/// Against PyTorch and Keras. Differences are relative to the largest magnitude of a tensor. The sums have at most a
/// few hundred terms, so a few dozen roundings of 6e-8 in each framework, in another order: 5e-6 covers both.
@Suite("Models agree with PyTorch and Keras")
struct FixtureTests {
    static let cases = FixtureModels.names.flatMap { name in ["torch", "keras"].map { (name, $0) } }
    static let tolerance: Float = 5e-6

    private func run(_ name: String, _ fixture: Fixture) throws -> TestRun {
        TestRun(
            model: try FixtureModels.model(name), kernels: KernelSets.best, threadCount: 2, blockSampleCount: 4,
            inputs: try fixture.values("inputs"), labels: fixture.labels)
    }

    @Test("logits and losses", arguments: cases)
    func forward(name: String, framework: String) throws {
        let fixture = try Fixture("\(name)-\(framework)")
        let run = try run(name, fixture)
        let result = try run.evaluate(try fixture.arena("parameters", run.model))
        #expect(relativeDifference(result.logits, try fixture.values("logits")) < Self.tolerance)
        #expect(relativeDifference(result.losses, try fixture.values("losses")) < Self.tolerance)
    }

    @Test("gradients of every tensor", arguments: cases)
    func gradients(name: String, framework: String) throws {
        let fixture = try Fixture("\(name)-\(framework)")
        let run = try run(name, fixture)
        let result = try run.train(try fixture.arena("parameters", run.model))
        let expected = try fixture.arena("gradients", run.model)
        try #require(result.roots.count == 1)
        let mean = result.roots[0].map { $0 / Float(run.labels.count) }
        for parameter in run.model.parameters {
            let difference = relativeDifference(
                Array(mean[parameter.arenaRange]), Array(expected[parameter.arenaRange]))
            #expect(difference < Self.tolerance, "\(parameter.name)")
        }
    }

    /// A step moves a parameter by about the learning rate whatever the gradient's size, so relative errors of
    /// gradients come back as absolute errors of at most some 1e-3 · 1e-5 a step; where a gradient almost cancels they
    /// are larger, which 2e-7 (of parameters near 1) still covers.
    @Test("parameters after ten Adam steps", arguments: cases)
    func training(name: String, framework: String) throws {
        let fixture = try Fixture("\(name)-\(framework)")
        let run = try run(name, fixture)
        var parameters = try fixture.arena("parameters", run.model)
        let optimizer = Optimizer(.adam(AdamConfiguration()))
        var slots = optimizer.slotNames.map { _ in [Float](repeating: 0, count: run.model.arenaCount) }
        for step in 1...10 {
            let gradient = try run.train(parameters).roots[0]
            apply(optimizer, run, &parameters, &slots, gradient, batchSize: run.labels.count, step: step)
        }
        let expected = try fixture.arena("trained", run.model)
        let start = try fixture.arena("parameters", run.model)
        for parameter in run.model.parameters {
            let actual = Array(parameters[parameter.arenaRange])
            let difference = zip(actual, expected[parameter.arenaRange]).map { ($0 - $1).magnitude }.max() ?? 0
            #expect(difference < 5e-7, "\(parameter.name)")
            #expect(actual != Array(start[parameter.arenaRange]), "\(parameter.name) was trained")
        }
    }
}

/// Applies one update to whole arenas that are Swift arrays.
func apply(
    _ optimizer: Optimizer, _ run: TestRun, _ parameters: inout [Float], _ slots: inout [[Float]], _ gradient: [Float],
    batchSize: Int, step: Int
) {
    precondition(slots.count == 2)
    var (first, second) = (slots[0], slots[1])
    parameters.withUnsafeMutableBufferPointer { parameters in
        first.withUnsafeMutableBufferPointer { first in
            second.withUnsafeMutableBufferPointer { second in
                gradient.withUnsafeBufferPointer { gradient in
                    guard let parametersBase = parameters.baseAddress, let gradientBase = gradient.baseAddress,
                        let firstBase = first.baseAddress, let secondBase = second.baseAddress
                    else { return }
                    optimizer.update(
                        kernels: run.kernels, range: 0..<parameters.count, parameters: parametersBase,
                        slots: [firstBase, secondBase], gradientSum: gradientBase,
                        step: Optimizer.Step(
                            number: step, batchSize: batchSize, learningRate: optimizer.configuration.learningRate))
                }
            }
        }
    }
    slots = [first, second]
}
