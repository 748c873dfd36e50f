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
    private static func history(seed: UInt64, hostCount: Int) throws -> String {
        let simulation = try AllReduceSimulation(seed: seed, hostCount: hostCount, keepsHistory: true)
        try? simulation.run()
        let lines = simulation.history ?? []
        if lines.count <= 120 { return lines.joined(separator: "\n") }
        return (lines.prefix(40) + ["…"] + lines.suffix(80)).joined(separator: "\n")
    }

    /// SHA-256 of the traces of each 50 seeds, from seed 0. A change of the machine that keeps its decisions keeps
    /// these.
    private static let historyDigests: [String] = [
        "f7a2ae9e6ee790c16ea3c8210c118b0e3ec4b254847aa10ac63c011fce60cbad",
        "80a8047666718eb2ac3d217e415852296fbc8c83c502372472ad6af36a466c9c",
        "25a762728e24441d2906964dc133b3ed5c909514a55ec8a8c4448eafdabdf682",
        "98ef87ad4765f8ca00ef5b37c8739b0c273fd5d5c57f6501a4e1d946b0047260",
        "584454f1224cffb1026ae23d457f504deebb31d4b73e392ec521833d9095bbfc",
        "35d876ecfb468404a29510f19e8ba9cebafeed74f5aaeb77cc67d303e610eeab",
        "52295e4ae3033259a47b9ce28a6784c175975606723ebe5f127bae57beaa938c",
        "bf5ee8eb94e4a12d06095f94c9c91fbe499af95b2702f19be46235f2276f443f",
        "53f2124d52c5bfa5ece8c3458c18772b44beb962be47ceef3e58277b14930d25",
        "f212af567e585e481500e289d28a8afb1d21bcf9d1f492f71fbe049f00e2f5f1",
        "d7b28c88fddffb9fea1a6e2eb5aee65683879eb26511c1d698705ecf9cd19053",
        "ba8a849c8bf25debef37096890c0c5ac448189801f7871b4fd23dd56ac9a98c2",
    ]
    /// The same on 2 and on 4 hosts.
    private static let hostHistoryDigests: [Int: [String]] = [
        2: [
            "d96a31433f4486ebee7a1eed01b20f362ebbcd77acb07ed91b7aea1f21b73b1f",
            "445a189642aa864d3da39b09b7a9d595d59b6d00f24adaa192b22b9728d13740",
            "25df82a671221ff6d47f28b2db72167989060c9b09f998aa400301110e3bb7b4",
            "0592e38b6fefd7255e613c96fcdacca9ea5439daa8d6372a3171d4c1bbee813e",
            "9f8113a50e45c0e1977273b6fbaf1060defde09b416114285c8d8145ccd191ce",
            "a25212d76c356b2fcb54b8631c0bfa9666ff321f156ed024c3d364f1f0666f5f",
            "3602ebb0818cefdf0449c49b5d35d93f96f4c0dd7fab08785b75d3d685807b35",
            "5b2bf544c154b5b5fa22692e9f73ee0d0e728666d6270050c3b917cccaf4f899",
            "f7b5923c623540891a74d40bea1f8c5450f90110d3dc7012e3a77cd1b0ae8938",
            "1b15cd42c080a8bfc99db244799f8f37380e1f6c1b5d5d005f45a7ce45e5f7af",
            "34aa453fe65225edd5bc8649975ae0d45aa339378c64d8b4f8cf358e4e9d64db",
            "baf082828b28c104eb894dea7369b4ee012f4ca283854f5ba40a3498a666450b",
        ],
        4: [
            "8363d3fd43bddcf9bc891d9bce575c2b51970f85baf6fc0563cbf74cdb70cf9f",
            "1464297fd3ee29ee106fd08fdcb9b6196d00bf4e80527552a2afb73212053a1a",
            "201fec8baa83e23c34ba77b3a547b5b10d287bc0723e87e4b9226c4e66b9dff3",
            "a54d54d2c7f0a14abaa171a967e2b1bfcb535295c15df66145b568b8c6455f97",
            "e42121f6b35c173422296fe0c4759d21dc6e07a7e9a64e3e1a50b846aafdbb8a",
            "30fc469f3a9fc29fde2fdfef8502531deffbc4743311563e01dd44f8ec5ac85c",
            "513a3246f4f05f7c55c5f09b3aa3df72f6e8ad30a4b2b07d1767e8013a960f48",
            "5eb25a8e694cba5a44b193e2fce1a659eb01762ee40500d0cf11a4a1112c33ff",
            "0d0167e7cf523808fbf4f7f538ede593b914a1548ea2da4f39a78eea1d21d30c",
            "340c91f50a088430013b4dad7e4ff3a517e07d6c4c49f682b173755d9a1b3a38",
            "e2dc5c37bd86808fc0ab9271a4fe49a2eb63f8a6e36a28efb0cc343bbdfe98f6",
            "8c021ec6236e0b9b52efe3b249ddf4f37798394ac3771d399e844f62c3f47c14",
        ],
    ]
    private static let seedsPerDigest: UInt64 = 50

    @Test("Every worker gets the tree's sums whatever is lost, doubled, late or damaged, and all ends when faults stop")
    func everySeed() throws {
        try run(hostCount: 1, digests: Self.historyDigests)
    }

    @Test("Workers on several hosts get the same sums whatever is lost, doubled, late or damaged", arguments: [2, 4])
    func everySeedOnHosts(hostCount: Int) throws {
        try run(hostCount: hostCount, digests: Self.hostHistoryDigests[hostCount] ?? [])
    }

    /// Runs all seeds and compares the digests of their histories.
    private func run(hostCount: Int, digests: [String]) throws {
        var hasher = SHA256Hasher()
        for seed in 0..<Self.seedCount {
            let simulation = try AllReduceSimulation(seed: seed, hostCount: hostCount, keepsTrace: true)
            do {
                try simulation.run()
            } catch let violation as Violation {
                let history = try Self.history(seed: seed, hostCount: hostCount)
                Issue.record("seed \(seed) on \(hostCount) hosts: \(violation)\n\(history)")
                return
            }
            for trace in simulation.traces { hasher.update(trace) }
            guard (seed + 1) % Self.seedsPerDigest == 0 else { continue }
            let digest = hasher.finish()
            hasher = SHA256Hasher()
            let index = Int(seed / Self.seedsPerDigest)
            guard index < digests.count else { continue }
            #expect(
                digest.hexadecimal == digests[index],
                "seeds \(seed + 1 - Self.seedsPerDigest) to \(seed) have another history")
        }
    }

    @Test("The simulation on several hosts reaches what only groups do")
    func coverageOnHosts() throws {
        var sum = AllReduceSimulation.Counts()
        for seed in 0..<UInt64(100) {
            let simulation = try AllReduceSimulation(seed: seed, hostCount: 3)
            try simulation.run()
            sum.relayedAnswers += simulation.counts.relayedAnswers
            sum.gatheredRoots += simulation.counts.gatheredRoots
            sum.damagedFrames += simulation.counts.damagedFrames
        }
        #expect(sum.relayedAnswers > 10 && sum.gatheredRoots > 100 && sum.damagedFrames > 100, "\(sum)")
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
