import Foundation
import Testing

@testable import Collectives

@Suite("The all-reduce in a simulated network")
struct AllReduceSimulationTests {
    /// The seeds of this run: some, or as many as SELVEDGE_SIMULATION_SEEDS says.
    private static let seedCount =
        ProcessInfo.processInfo.environment["SELVEDGE_SIMULATION_SEEDS"].flatMap { UInt64($0) } ?? 600

    /// What went wrong with a seed, or nil.
    private static func violation(seed: UInt64, safeguards: Safeguards = Safeguards()) throws -> Violation? {
        do {
            try AllReduceSimulation(seed: seed, safeguards: safeguards).run()
            return nil
        } catch let violation as Violation {
            return violation
        }
    }

    /// The first events and the last before a violation.
    private static func history(seed: UInt64) throws -> String {
        let simulation = try AllReduceSimulation(seed: seed, keepsHistory: true)
        try? simulation.run()
        let lines = simulation.history ?? []
        if lines.count <= 120 { return lines.joined(separator: "\n") }
        return (lines.prefix(40) + ["…"] + lines.suffix(80)).joined(separator: "\n")
    }

    @Test("Every worker gets the tree's sums whatever is lost, doubled, late or damaged, and all ends when faults stop")
    func everySeed() throws {
        for seed in 0..<Self.seedCount {
            guard let violation = try Self.violation(seed: seed) else { continue }
            Issue.record("seed \(seed): \(violation)\n\(try Self.history(seed: seed))")
            return
        }
    }

    @Test("The simulation reaches what it is for: questions about both steps, damage, learners that fall behind")
    func coverage() throws {
        var sum = AllReduceSimulation.Counts()
        for seed in 0..<UInt64(100) {
            let simulation = try AllReduceSimulation(seed: seed)
            try simulation.run()
            sum.answersOfThisStep += simulation.counts.answersOfThisStep
            sum.answersOfStepBefore += simulation.counts.answersOfStepBefore
            sum.damagedFrames += simulation.counts.damagedFrames
            sum.leftBehind += simulation.counts.leftBehind
            sum.learnerSteps += simulation.counts.learnerSteps
        }
        #expect(sum.answersOfThisStep > 100 && sum.answersOfStepBefore > 100, "\(sum)")
        #expect(sum.damagedFrames > 100 && sum.leftBehind > 10 && sum.learnerSteps > 100, "\(sum)")
    }

    /// The violations among some seeds when a safeguard is off.
    private static func violations(without change: (inout Safeguards) -> Void) throws -> [String] {
        var safeguards = Safeguards()
        change(&safeguards)
        return try (0..<100).compactMap { try violation(seed: $0, safeguards: safeguards)?.description }
    }

    @Test("Without the generation check frames of an old view are accepted, and the simulation sees it")
    func withoutGenerationCheck() throws {
        let found = try Self.violations { $0.checksGeneration = false }
        #expect(found.contains { $0.hasPrefix("a frame of generation") })
    }

    @Test("Without suppression of duplicates a frame counts twice, and the simulation sees it")
    func withoutDuplicateSuppression() throws {
        let found = try Self.violations { $0.dropsDuplicates = false }
        #expect(found.contains("a frame is accepted twice"))
    }

    @Test("Without the fixed tree the bits change, and the simulation sees it")
    func withoutFixedTree() throws {
        let found = try Self.violations { $0.addsByTree = false }
        #expect(found.contains { $0.hasSuffix("is not the tree's") })
    }
}
