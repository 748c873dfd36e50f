import Testing

@testable import NeuralNetwork

/// The rates of scripts/fixtures/schedules.py: six epochs of seven steps.
@Suite("Schedules agree with PyTorch and Keras")
struct ScheduleFixtureTests {
    private func expectRates(_ schedule: any LearningRateSchedule, _ framework: String, _ name: String) throws {
        let configuration = OptimizerConfiguration(SGD(learningRate: 0.01), schedule: schedule)
        let rate = LearningRate(configuration, stepsPerEpoch: 7, epochCount: 6)
        let expected = try Fixture("schedules-\(framework)").values(name)
        try #require(expected.count == 42)
        for (step, value) in expected.enumerated() {
            // Keras computes in Float.
            #expect(abs(rate.rate(step: step, validationLosses: []) - value) <= 2e-9, "\(name), step \(step)")
        }
    }

    @Test("step", arguments: ["torch", "keras"])
    func step(framework: String) throws {
        try expectRates(StepSchedule(epochCount: 2, factor: 0.3), framework, "step")
    }

    @Test("exponential", arguments: ["torch", "keras"])
    func exponential(framework: String) throws {
        try expectRates(ExponentialSchedule(factor: 0.8), framework, "exponential")
    }

    @Test("cosine, with warm-up and without")
    func cosine() throws {
        try expectRates(CosineSchedule(warmUpEpochCount: 2, finalFactor: 0.05), "torch", "cosine")
        try expectRates(CosineSchedule(warmUpEpochCount: 0, finalFactor: 0.05), "keras", "cosine-without-warm-up")
    }

    @Test("on a plateau")
    func plateau() throws {
        let fixture = try Fixture("schedules-keras")
        let losses = try fixture.values("plateau-losses").map(Double.init)
        let expected = try fixture.values("plateau")
        let configuration = OptimizerConfiguration(
            SGD(learningRate: 0.01),
            schedule: PlateauSchedule(factor: 0.5, patience: 2, minimumFactor: 0.1))
        let rate = LearningRate(configuration, stepsPerEpoch: 7, epochCount: losses.count)
        for (epoch, value) in expected.enumerated() {
            let actual = rate.rate(step: 7 * epoch, validationLosses: Array(losses[..<epoch]))
            #expect(abs(actual - value) <= 2e-9, "epoch \(epoch)")
        }
        #expect(expected.last == 0.001, "the minimum is reached")
    }
}
