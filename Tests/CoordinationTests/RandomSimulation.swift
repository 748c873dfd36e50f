import Testing

@testable import Coordination

@Suite("Random runs")
struct RandomSimulation {
    /// A cluster whose every property, and at most one fault, come from the seed.
    private func cluster(seed: UInt64) throws -> SimulatedCluster {
        var generator = SeededGenerator(state: seed &* 977)
        var options = SimulatedCluster.Options()
        options.seed = seed
        options.workerCount = Int.random(in: 1...8, using: &generator)
        options.startedCount = options.workerCount + Int.random(in: 0...1, using: &generator)
        options.stepsPerEpoch = UInt64.random(in: 1...40, using: &generator)
        options.epochs = UInt64.random(in: 1...6, using: &generator)
        options.stepMilliseconds = 1...UInt64.random(in: 1...60, using: &generator)
        options.delayMilliseconds = 0...UInt64.random(in: 0...200, using: &generator)
        options.keepsOrder = Bool.random(using: &generator)
        options.stateByteCount = Int.random(in: 1...1_000_000, using: &generator)
        options.isRemote = Bool.random(using: &generator)
        options.failingWrites = Int.random(in: 0...2, using: &generator)
        let cluster = try SimulatedCluster(options)
        let time = UInt64.random(in: 1...4000, using: &generator)
        let victim = cluster.workers[Int.random(in: 0..<options.startedCount, using: &generator)]
        switch Int.random(in: 0...6, using: &generator) {
        case 0: cluster.at(time) { cluster.kill(victim) }
        case 1: cluster.at(time) { cluster.freeze(victim) }
        case 2: cluster.at(time) { cluster.interrupt() }
        case 3: cluster.at(time) { cluster.coordinatorPausedUntil = cluster.now + 3000 }
        case 4:
            cluster.at(time) { cluster.interrupt() }
            cluster.at(time + 40) { cluster.kill(victim) }
        default: break
        }
        return cluster
    }

    @Test func manySeedsKeepEveryInvariant() throws {
        var exitCodes: [Int32: Int] = [:]
        for seed in 1...400 as ClosedRange<UInt64> {
            let cluster = try cluster(seed: seed)
            guard let outcome = cluster.run() else {
                Issue.record("seed \(seed): the run has no end")
                continue
            }
            exitCodes[outcome.exitCode, default: 0] += 1
            check(cluster, outcome, "seed \(seed): \(outcome)")
        }
        for code in [0, 75, 130] as [Int32] {
            #expect(exitCodes[code, default: 0] > 10, "the seeds reach every kind of end")
        }
        #expect(exitCodes.keys.allSatisfy { [0, 75, 130].contains($0) })
    }

    private func check(_ cluster: SimulatedCluster, _ outcome: Outcome, _ comment: Comment) {
        let options = cluster.options
        #expect(cluster.records.map(\.epoch) == (0..<UInt32(cluster.records.count)).map { $0 + 1 }, comment)
        #expect(cluster.workers.allSatisfy { $0.completedSteps <= cluster.highestGrant }, comment)
        #expect(
            cluster.workers.allSatisfy { !$0.isHere || $0.isFrozen }, "\(comment): no worker is left behind")
        for checkpoint in cluster.checkpoints {
            #expect(checkpoint.bytes == cluster.stateBytes(checkpoint.name.completedSteps), comment)
            #expect(Int(checkpoint.name.completedEpochs) <= cluster.records.count, comment)
        }
        switch outcome {
        case .completed(let steps, _):
            #expect(steps == options.stepsPerEpoch * options.epochs, comment)
            #expect(cluster.records.count == Int(options.epochs), comment)
            #expect(cluster.checkpoints.last?.name.completedSteps == steps, comment)
        case .interrupted(_, let steps, let isSaved):
            #expect(!isSaved || cluster.checkpoints.last?.name.completedSteps == steps, comment)
        case .failed(let verdict):
            #expect(verdict.subject != nil, comment)
        }
    }
}
