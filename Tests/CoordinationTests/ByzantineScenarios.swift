import Foundation
import Testing

@testable import Coordination

/// Workers that do not report the truth. What must hold is written down in the module's catalogue, and checked at each
/// event: the right rows, in order; checkpoints with the agreed state only; a complete run with the right last state.
@Suite("Workers that lie to the coordinator")
struct ByzantineScenarios {
    private static let seedCount =
        ProcessInfo.processInfo.environment["SELVEDGE_SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 400

    /// A run in which one owner lies from some moment on, or two workers that join later and learn.
    private static func run(seed: UInt64, liarsLearn: Bool) throws -> SimulatedCluster {
        var options = SimulatedCluster.Options()
        options.seed = seed
        options.workerCount = 2 + Int(seed % 3)
        options.startedCount = options.workerCount + (liarsLearn ? 2 : 0)
        options.ownerLimit = options.startedCount
        options.stepsPerEpoch = 3 + seed % 5
        options.epochs = 12
        options.stateByteCount = seed % 7 == 0 ? 600_000 : 64
        options.delayMilliseconds = 1...4
        options.restarts = seed % 2 == 0
        options.timeLimit = 400_000
        let cluster = try SimulatedCluster(options)
        let slots =
            liarsLearn ? Array(options.workerCount..<options.startedCount) : [Int(seed % UInt64(options.workerCount))]
        for slot in slots {
            let liar = SimulatedLiar(seed: seed &* 31 &+ UInt64(slot), percent: [3, 20, 70][Int(seed / 3 % 3)])
            cluster.liars[slot] = liar
            cluster.at(seed % 11 * 50) { liar.isHonest = false }
        }
        // An honest worker is lost, too, so that views change.
        let victim = (slots[0] + 1) % options.workerCount
        if !slots.contains(victim), options.workerCount > 2 {
            cluster.at(200 + seed % 13 * 20) { cluster.kill(cluster.workers[victim]) }
        }
        cluster.run()
        return cluster
    }

    @Test(arguments: [false, true])
    func `no record changes silently, and who lies is evicted or the run ends with evidence`(
        liarsLearn: Bool
    ) throws {
        var evictions = 0
        var completions = 0
        var failures = 0
        for seed in 1...Self.seedCount where failures < 5 {
            let cluster = try Self.run(seed: seed, liarsLearn: liarsLearn)
            if let violation = cluster.violation, !cluster.wasLedByLiarsAlone {
                failures += 1
                Issue.record("\(violation)")
            }
            guard let outcome = cluster.outcome else { continue }
            if outcome.exitCode == 0 { completions += 1 }
            if case .failed(let failure) = outcome { #expect(!failure.description.isEmpty) }
            let accused = cluster.logs.filter {
                $0.level == .warning && $0.text.contains(") sent ") && !$0.text.contains("sent no heartbeat")
            }
            evictions += accused.count
            for entry in accused {
                let isTrue = cluster.liars.keys.contains { entry.text.contains("'worker-\($0)'") }
                #expect(isTrue || cluster.wasLedByLiarsAlone, "seed \(seed): \(entry.text)")
            }
        }
        #expect(evictions > 20 && completions > 20, "\(evictions) evictions, \(completions) complete runs")
    }

    @Test func `a rank 0 that hands over a false checkpoint is evicted, and the next rank's is saved`() throws {
        let cluster = try longRun {
            $0.epochs = 20
            // It reports the agreed digests all the same.
            $0.safeguards.reportsTrueDigests = false
        }
        cluster.at(100) { cluster.workers[0].isCorrupt = true }
        cluster.expectCompletion()
        #expect(cluster.warned("'worker-0' (rank 0", "sent a state after step", "that the owners contradict"))
        #expect(cluster.workers[0].exit?.code == 70)
        #expect(cluster.disk.checkpoints.map(\.name.completedSteps) == (1...20).map { $0 * 10 })
    }
}

extension SimulatedCluster {
    /// Whether a view had owners that all lie: then no worker contradicts them.
    fileprivate var wasLedByLiarsAlone: Bool {
        views.values.contains { view in
            view.members.filter { !$0.isLearner }.allSatisfy { member in
                liars.keys.contains { "worker-\($0)" == member.name }
            }
        }
    }
}
