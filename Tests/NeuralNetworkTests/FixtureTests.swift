import Testing

@testable import NeuralNetwork

/// Against PyTorch and Keras. Differences are relative to the largest magnitude of a tensor. The sums have at most a
/// few hundred terms, so a few dozen roundings of 6e-8 in each framework, in another order: 5e-6 covers both.
@Suite("Models agree with PyTorch and Keras")
struct FixtureTests {
    /// Ghost batch normalisation is in neither framework; the script writes it out in PyTorch.
    static let cases = FixtureModels.names.flatMap { name in
        (name == "normalized-ghost" ? ["torch"] : ["torch", "keras"]).map { (name, $0) }
    }
    static let tolerance: Float = 5e-6
    /// The input gradient of a normalisation is what is left of the gradient when its means are taken off, so
    /// that roundings weigh more: the two frameworks themselves differ by up to 3.6e-6 there.
    static let normalizedTolerance: Float = 2e-5

    private func run(_ name: String, _ fixture: Fixture) throws -> TestRun {
        TestRun(
            model: try FixtureModels.model(name), kernels: KernelSets.best, threadCount: 2, blockSampleCount: 4,
            inputs: try fixture.values("inputs"), labels: fixture.labels)
    }

    private func train(_ run: TestRun, _ parameters: [Float]) throws -> PassResult {
        try run.train(parameters, microBatchCount: 4)
    }

    @Test("logits and losses", arguments: cases)
    func forward(name: String, framework: String) throws {
        let fixture = try Fixture("\(name)-\(framework)")
        let run = try run(name, fixture)
        let parameters = try fixture.arena("parameters", run.model)
        let result = try run.evaluate(parameters)
        #expect(relativeDifference(result.logits, try fixture.values("logits")) < Self.tolerance)
        #expect(relativeDifference(result.losses, try fixture.values("losses")) < Self.tolerance)
        let training = try train(run, parameters)
        let group = fixture.has("training/logits") ? "training/" : ""
        #expect(relativeDifference(training.logits, try fixture.values("\(group)logits")) < Self.tolerance)
        #expect(relativeDifference(training.losses, try fixture.values("\(group)losses")) < Self.tolerance)
    }

    @Test("gradients of every tensor", arguments: cases)
    func gradients(name: String, framework: String) throws {
        let fixture = try Fixture("\(name)-\(framework)")
        let run = try run(name, fixture)
        let result = try train(run, try fixture.arena("parameters", run.model))
        try #require(result.roots.count == 1)
        let mean = result.roots[0].map { $0 / Float(run.labels.count) }
        let tolerance = name.contains("normalized") ? Self.normalizedTolerance : Self.tolerance
        for parameter in run.model.parameters where parameter.role == .trainable {
            let expected = try fixture.values("gradients", of: parameter)
            let difference = relativeDifference(Array(mean[parameter.arenaRange]), expected)
            #expect(difference < tolerance, "\(parameter.name)")
        }
    }

    /// A step moves a parameter by about the learning rate whatever the gradient's size, so relative errors of
    /// gradients come back as absolute errors of at most some 1e-3 · 1e-5 a step; where a gradient almost cancels they
    /// are larger, which 5e-7 (of parameters near 1) still covers.
    @Test("parameters, running statistics and penalties in ten Adam steps", arguments: cases)
    func training(name: String, framework: String) throws {
        let fixture = try Fixture("\(name)-\(framework)")
        let run = try run(name, fixture)
        let start = try fixture.arena("parameters", run.model)
        let arena = TrainedArena(run, OptimizerConfiguration(Adam()), start: start)
        if fixture.has("penalty") {
            let penalty = try fixture.values("penalty")[0]
            #expect(abs(Float(arena.penalty) - penalty) < 1e-6 * penalty)
        }
        for step in 1...10 {
            let gradient = try train(run, arena.values).roots[0]
            arena.train(gradientSum: gradient, batchSize: run.labels.count, number: step, learningRate: 0.001)
            guard step == 1 else { continue }
            for parameter in run.model.parameters where parameter.role != .trainable {
                let expected = try fixture.values("moved", of: parameter)
                #expect(relativeDifference(arena.values(of: parameter), expected) < 5e-7, "\(parameter.name)")
            }
        }
        for parameter in run.model.parameters {
            let actual = arena.values(of: parameter)
            let expected = try fixture.values("trained", of: parameter)
            let difference = zip(actual, expected).map { ($0 - $1).magnitude }.max() ?? 0
            #expect(difference < 5e-7, "\(parameter.name)")
            #expect(actual != Array(start[parameter.arenaRange]), "\(parameter.name) was trained")
        }
    }
}
