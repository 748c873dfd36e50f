import Foundation
import Testing

@testable import Coordination

/// Whole clusters under random faults. SELVEDGE_SIMULATION_SEEDS is the number of seeds, SELVEDGE_SIMULATION_SEED one
/// of them.
@Suite("Simulation")
struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment

    /// Runs a seed's cluster to its end.
    static func run(
        seed: UInt64, hostCount: Int = 1, _ safeguards: SimulatedCluster.Safeguards, historyLength: Int
    ) throws -> SimulatedCluster {
        var options = SimulationPlan.options(seed: seed)
        options.hostCount = hostCount
        options.safeguards = safeguards
        options.historyLength = historyLength
        let cluster = try SimulatedCluster(options)
        SimulationPlan.addFaults(to: cluster, seed: seed)
        cluster.run()
        return cluster
    }

    /// The problem of a seed's run, with its last events; nil when there is none.
    private static func problem(
        seed: UInt64, _ safeguards: SimulatedCluster.Safeguards = .init(), historyLength: Int = 100
    ) throws -> String? {
        guard try run(seed: seed, safeguards, historyLength: 0).violation != nil else { return nil }
        // The same seed once more, this time with everything written down.
        let cluster = try run(seed: seed, safeguards, historyLength: historyLength)
        return (cluster.violation ?? "") + "\n" + cluster.history.text
    }

    @Test func `every seed keeps every invariant and finishes`() throws {
        if let seed = Self.environment["SELVEDGE_SIMULATION_SEED"].flatMap(UInt64.init) {
            if let problem = try Self.problem(seed: seed, historyLength: 10_000) { Issue.record("\(problem)") }
            return
        }
        let count = Self.environment["SELVEDGE_SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 600
        var failures = 0
        var seeds: UInt64 = 0
        let duration = try ContinuousClock().measure {
            while seeds < count, failures < 5 {
                seeds += 1
                guard let problem = try Self.problem(seed: seeds) else { continue }
                failures += 1
                Issue.record("\(problem)")
            }
        }
        print("\(seeds) seeds, \(Int(Double(seeds) / (duration / .seconds(1)))) a second")
    }

    @Test func `the seeds reach what they are there for`() throws {
        var reached: [String: Int] = [:]
        for seed in 1...200 as ClosedRange<UInt64> {
            let cluster = try Self.run(seed: seed, .init(), historyLength: 0)
            func note(_ name: String, _ holds: Bool) { reached[name, default: 0] += holds ? 1 : 0 }
            let views = cluster.views.values
            note("a new view", views.count > 1)
            note("a successor", cluster.coordinator.term > 1)
            note("a learner", views.contains { $0.members.contains { $0.isLearner } })
            note("an owner that is behind", views.contains { $0.members.contains { !$0.isLearner && $0.needsState } })
            note("a dropped frame", cluster.droppedFrames > 0)
            note("an interrupt", cluster.outcomes.contains { $0.exitCode > 128 })
            note("a run that is taken up from its checkpoint", cluster.outcomes.contains { $0.exitCode == 75 })
            note("a frozen child", !cluster.terminated.isEmpty)
        }
        for (name, count) in reached { #expect(count >= 5, "\(name): \(count)") }
    }

    // MARK: Safeguards

    /// Whether any of many seeds violates an invariant.
    private func isNoticed(_ adjust: (inout SimulatedCluster.Safeguards) -> Void) throws -> Bool {
        var safeguards = SimulatedCluster.Safeguards()
        adjust(&safeguards)
        return try (1...5000 as ClosedRange<UInt64>).contains { seed in
            try Self.run(seed: seed, safeguards, historyLength: 0).violation != nil
        }
    }

    @Test func `without the generation check frames of an old view enter a step`() throws {
        #expect(try isNoticed { $0.checksFrameGenerations = false })
    }

    @Test func `without the generation check messages of an old view are believed`() throws {
        #expect(try isNoticed { $0.checksMessageGenerations = false })
    }

    @Test func `without the suppression of duplicates a contribution counts twice`() throws {
        #expect(try isNoticed { $0.dropsDuplicates = false })
    }

    @Test func `without a synced journal a generation is given twice`() throws {
        #expect(try isNoticed { $0.synchronizesViews = false })
    }

    @Test(arguments: [0, 1, 2])
    func `a wrong state ends the run when its digest is reported, and its sender's part when it is not`(slot: Int)
        throws
    {
        for comparesDigests in [true, false] {
            let cluster = try longRun {
                $0.epochs = 20
                $0.safeguards.reportsTrueDigests = comparesDigests
            }
            // The wrong worker becomes rank 0 and sends the states.
            cluster.at(100) { cluster.workers[slot].isCorrupt = true }
            for other in 0..<slot { cluster.at(UInt64(500 + other * 100)) { cluster.kill(cluster.workers[other]) } }
            cluster.run()
            if comparesDigests {
                #expect(cluster.outcome?.exitCode == 70 && cluster.violation == nil)
            } else {
                // Worker 2 is alone when it has to send its state: the run ends with the evidence.
                #expect(cluster.outcome?.exitCode == (slot == 2 ? 70 : 0))
                #expect(cluster.violation == nil)
                #expect(cluster.warned("a state after step", "that the owners contradict"))
            }
        }
    }
}
