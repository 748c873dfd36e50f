import Core
import Foundation
import Testing

@testable import Collectives

@Suite("The all-reduce in a simulated network")
struct AllReduceSimulationTests {
    /// The seeds of this run: some, or SELVEDGE_SIMULATION_SEEDS of them.
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

    /// SHA-256 of the traces of each 50 seeds, from seed 0. A change of the machine that keeps its decisions keeps these.
    private static let historyDigests: [String] = [
        "f7a2ae9e6ee790c16ea3c8210c118b0e3ec4b254847aa10ac63c011fce60cbad",
        "80a8047666718eb2ac3d217e415852296fbc8c83c502372472ad6af36a466c9c",
        "04dd5f74842d16ab9d5061d3de9faa8456a93d2ab7fac16e639bf9fcaef1bee9",
        "86553a0d5a7a5a668effc166a3dbd6926c0cc7bf3b27e61b9b9f188e856bd9bc",
        "584454f1224cffb1026ae23d457f504deebb31d4b73e392ec521833d9095bbfc",
        "35d876ecfb468404a29510f19e8ba9cebafeed74f5aaeb77cc67d303e610eeab",
        "ba2520a819f31e12818e328a835f55a279558390e3dc853ead0b3f723c9bb04c",
        "bf5ee8eb94e4a12d06095f94c9c91fbe499af95b2702f19be46235f2276f443f",
        "53f2124d52c5bfa5ece8c3458c18772b44beb962be47ceef3e58277b14930d25",
        "fd1769a717d20cfbe0fc594aa8031e4db874875d59950157d2db447b6a162a73",
        "699d99a8fe506da0b4aa761c1621bb540c34c7e1f6a6189c0acc1cdfcbfac476",
        "ba8a849c8bf25debef37096890c0c5ac448189801f7871b4fd23dd56ac9a98c2",
    ]
    private static let seedsPerDigest: UInt64 = 50

    @Test("Every worker gets the tree's sums whatever is lost, doubled, late or damaged, and all ends when faults stop")
    func everySeed() throws {
        var hasher = SHA256Hasher()
        for seed in 0..<Self.seedCount {
            let simulation = try AllReduceSimulation(seed: seed, keepsTrace: true)
            do {
                try simulation.run()
            } catch let violation as Violation {
                Issue.record("seed \(seed): \(violation)\n\(try Self.history(seed: seed))")
                return
            }
            for trace in simulation.traces { hasher.update(trace) }
            guard (seed + 1) % Self.seedsPerDigest == 0 else { continue }
            let digest = hasher.finish()
            hasher = SHA256Hasher()
            let index = Int(seed / Self.seedsPerDigest)
            guard index < Self.historyDigests.count else { continue }
            #expect(
                digest.hexadecimal == Self.historyDigests[index],
                "seeds \(seed + 1 - Self.seedsPerDigest) to \(seed) have another history")
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
