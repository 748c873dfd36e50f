import Testing

@testable import Coordination

@Suite("A run")
struct RunScenarios {
    @Test(arguments: 1...8) func startsTrainsAndEndsWithAnyNumberOfWorkers(count: Int) throws {
        var options = SimulatedCluster.Options()
        options.workerCount = count
        options.startedCount = count
        let cluster = try SimulatedCluster(options)
        cluster.run()
        #expect(
            cluster.outcome
                == .completed(
                    completedSteps: 30, stateDigest: SimulatedCluster.digest(ofStep: 30, isCorrupt: false)))
        #expect(cluster.records.map(\.epoch) == [1, 2, 3])
        #expect(cluster.checkpoints.map(\.name.completedSteps) == [10, 20, 30])
        #expect(cluster.checkpoints.map(\.destinations) == [[.last, .best], [.last], [.last, .best]])
        #expect(cluster.checkpoints.allSatisfy { $0.bytes == cluster.stateBytes($0.name.completedSteps) })
        #expect(cluster.workers.allSatisfy { $0.exit?.code == 0 })
        #expect(cluster.terminated.isEmpty)
        let runs = cluster.coordinator.view?.members.map(\.microBatches.count) ?? []
        #expect(runs.reduce(0, +) == 8 && runs.count == count)
        #expect(cluster.coordinator.view?.members.map(\.name) == (0..<count).map { "worker-\($0)" })
    }

    @Test func everyStepDigestOfRankZeroIsJournalledOnce() throws {
        let cluster = try SimulatedCluster(.init())
        cluster.run()
        var digests: [UInt64] = []
        for case .stepDigests(let first, let values) in cluster.journal {
            #expect(first == UInt64(digests.count))
            digests += values
        }
        #expect(digests == (0..<30).map { $0 &* 17 })
    }

    @Test func workersBeyondTheConfiguredNumberWaitAsSpares() throws {
        var options = SimulatedCluster.Options()
        options.startedCount = 4
        let cluster = try SimulatedCluster(options)
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0)
        #expect(cluster.workers.filter { $0.view != nil }.count == 2)
        #expect(cluster.workers.allSatisfy { $0.exit?.code == 0 })
    }

    @Test func theDeathOfASpareIsOnlyLogged() throws {
        var options = SimulatedCluster.Options()
        options.startedCount = 3
        let cluster = try SimulatedCluster(options)
        cluster.at(100) {
            guard let spare = cluster.workers.first(where: { $0.view == nil }) else { return }
            cluster.kill(spare)
        }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0)
        #expect(cluster.logs.contains { $0.level == .warning && $0.text.contains("SIGKILL") })
    }

    @Test func dataGoesToAWorkerThatLacksIt() throws {
        var options = SimulatedCluster.Options()
        options.dataByteCount = 20 * 262_144 + 5
        let cluster = try SimulatedCluster(options)
        cluster.workers[1].hasData = false
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0)
        #expect(cluster.workers[0].content.isEmpty)
        let expected = SimulatedCluster.contentBytes(Int(options.dataByteCount))
        #expect(cluster.workers[1].content[.data(SimulatedCluster.dataDigest)] == expected)
        #expect(cluster.contentChunksSent == 21)
    }

    @Test func everyWorkerFetchesTheStateOfAResumedRun() throws {
        var options = SimulatedCluster.Options()
        options.dataByteCount = 600_000
        let content = ContentDescription(identifier: .state(SampleMessages.digest(9)), byteCount: 600_000)
        options.start = .state(content, completedSteps: 13, completedEpochs: 1)
        let cluster = try SimulatedCluster(options)
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0)
        #expect(cluster.workers.allSatisfy { $0.content[content.identifier]?.count == 600_000 })
        #expect(cluster.records.map(\.epoch) == [2, 3])
        #expect(cluster.coordinator.view?.firstStep == 13)
    }

    @Test func grantsGrowToASecondOfStepsAndNoFurther() {
        var pace = GrantPace(completedSteps: 0, timing: CoordinatorTiming())
        pace.start(completedSteps: 0, now: 0)
        #expect(pace.stepLimit == 2)
        var completed: UInt64 = 0
        for now in 1...5000 as ClosedRange<UInt64> {
            completed = min(now, pace.stepLimit)
            _ = pace.advance(completedSteps: completed, now: now)
        }
        #expect(completed == 5000, "a worker at 1,000 steps a second never waits once the pace is found")
        #expect((5700...6300).contains(pace.stepLimit))
    }

    @Test func aGrantIsNeverBelowTwoSteps() {
        var pace = GrantPace(completedSteps: 0, timing: CoordinatorTiming())
        pace.start(completedSteps: 0, now: 0)
        for step in 1...20 as ClosedRange<UInt64> {
            _ = pace.advance(completedSteps: step, now: step * 10_000)
            #expect(pace.stepLimit == step + 2)
        }
    }

    @Test(arguments: [1, 2]) func aFailedCheckpointWriteIsTriedAgain(failures: Int) throws {
        var options = SimulatedCluster.Options()
        options.failingWrites = failures
        let cluster = try SimulatedCluster(options)
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0)
        #expect(cluster.checkpoints.map(\.name.completedSteps) == [10, 20, 30])
    }

    @Test func threeFailedWritesEndTheRunWith74() throws {
        var options = SimulatedCluster.Options()
        options.failingWrites = 3
        let cluster = try SimulatedCluster(options)
        cluster.run()
        #expect(cluster.outcome?.exitCode == 74)
        #expect(cluster.outcome?.description.contains("no space left") == true)
        #expect(cluster.workers.allSatisfy { $0.exit?.code == 74 })
    }
}
