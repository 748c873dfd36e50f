import Testing

@testable import Coordination

@Suite("A coordinator that is lost")
struct LostCoordinatorScenarios {
    @Test(arguments: Array(stride(from: 20, through: 1500, by: 37)))
    func `a successor continues from the step that the workers hold`(time: Int) throws {
        let cluster = try longRun {
            $0.epochs = 25
            $0.restarts = true
        }
        cluster.at(UInt64(time)) { cluster.kill(cluster.coordinator) }
        cluster.expectCompletion()
        #expect(cluster.coordinator.term == 2)
        var journalled = 0 as UInt64
        for case .stepDigests(let first, let digests) in cluster.disk.journal {
            // Rank 0 may be one step behind: it copies the state then, and has not summed that step's gradients.
            #expect(first <= journalled + 1, "the journal lacks steps \(journalled) to \(first)")
            journalled = max(journalled, first + UInt64(digests.count))
        }
        let rounds = cluster.views.values.map(\.position.rounds).max() ?? 0
        #expect(time < 200 || rounds > 5, "no step is repeated")
        #expect(cluster.exits.allSatisfy { $0.code == 0 })
    }

    @Test func `the time without a coordinator is counted from the moment its end was seen`() throws {
        var options = SimulatedCluster.Options()
        (options.workerCount, options.startedCount, options.epochs) = (3, 3, 200)
        let cluster = try SimulatedCluster(options) {
            if $0.term == 2 { $0.predecessor = CoordinatorLoss(reason: "it was killed", noticedMilliseconds: 1001) }
        }
        cluster.at(1000) { cluster.kill(cluster.coordinator) }
        cluster.expectCompletion()
        let recovery = try #require(cluster.recoveries.first)
        #expect(recovery.cause == "it was killed" && recovery.noticedMilliseconds == 1001)
        #expect(recovery.recoveredMilliseconds > 1100 && recovery.redoneMicroBatches == 0)
        #expect(cluster.recoveries.count == 1)
    }

    @Test func `a successor that was started by hand has its row`() throws {
        let cluster = try longRun {
            $0.epochs = 200
            $0.restarts = true
        }
        cluster.at(1000) { cluster.kill(cluster.coordinator) }
        cluster.expectCompletion()
        let recovery = try #require(cluster.recoveries.first)
        #expect(recovery.cause == "the coordinator before term 2 ended" && recovery.noticedMilliseconds >= 1000)
        #expect(cluster.recoveries.count == 1 && recovery.redoneMicroBatches == 0)
    }

    @Test func `the row of an epoch that ended just before is recorded by the successor`() throws {
        for time in 100...400 as ClosedRange<UInt64> {
            let cluster = try longRun(workers: 2) {
                $0.epochs = 10
                $0.restarts = true
            }
            cluster.at(time) { cluster.kill(cluster.coordinator) }
            cluster.expectCompletion()
        }
    }

    @Test(arguments: [300, 1000, 1600, 1900]) func `a late coordinator evicts no worker`(pause: Int) throws {
        let cluster = try longRun { $0.epochs = 100 }
        cluster.at(1000) { cluster.pause(cluster.coordinator, for: UInt64(pause)) }
        cluster.expectCompletion()
        #expect(cluster.logs.contains { $0.text.contains("late by") })
        #expect(cluster.views.count == 1)
    }

    @Test func `workers without a successor save their state and end with 75`() throws {
        let cluster = try longRun()
        cluster.at(1000) { cluster.kill(cluster.coordinator) }
        cluster.at(70_000) { cluster.outcome = .interrupted(signal: 15, completedSteps: 0, saved: false) }
        cluster.run()
        #expect(cluster.workers.allSatisfy { $0.exit?.code == 75 })
        #expect(cluster.exits.allSatisfy { $0.reason.contains("its state is in state") })
        #expect(cluster.violation == nil)
    }

    @Test func `workers that lost a peer together with the coordinator save their state too`() throws {
        let cluster = try longRun()
        cluster.at(1000) {
            cluster.kill(cluster.coordinator)
            cluster.kill(cluster.workers[0])
        }
        cluster.at(70_000) { cluster.outcome = .interrupted(signal: 15, completedSteps: 0, saved: false) }
        cluster.run()
        for worker in cluster.workers.dropFirst() {
            #expect(worker.exit?.code == 75 && worker.exit?.reason.contains("its state is in state") == true)
        }
        #expect(cluster.violation == nil)
    }

    @Test(arguments: Array(stride(from: 60, through: 2000, by: 97)))
    func `an interrupt saves the state at the grant's end`(time: Int) throws {
        let cluster = try longRun(workers: 2)
        cluster.at(UInt64(time)) { cluster.interrupt() }
        cluster.run()
        let saved = cluster.disk.last?.name.completedSteps ?? 0
        #expect(cluster.outcome == .interrupted(signal: 2, completedSteps: saved, saved: true))
        #expect(cluster.outcome?.exitCode == 130)
        #expect(saved > 0 && saved == cluster.grants.values.max())
        #expect(cluster.workers.allSatisfy { $0.exit?.code == 75 })
        #expect(cluster.violation == nil)
    }

    @Test func `an interrupt before training ends without a checkpoint`() throws {
        let cluster = try longRun { $0.startedCount = 2 }
        cluster.at(3000) { cluster.interrupt() }
        cluster.run()
        #expect(cluster.outcome == .interrupted(signal: 2, completedSteps: 0, saved: false))
        #expect(cluster.workers.allSatisfy { $0.exit?.code == 75 })
    }

    @Test func `a second interrupt ends at once`() throws {
        let cluster = try longRun { $0.stepMilliseconds = 5000...5000 }
        cluster.at(1000) { cluster.interrupt() }
        cluster.at(1300) { cluster.interrupt() }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 130)
        #expect(cluster.disk.checkpoints.isEmpty)
        #expect(cluster.terminated.count == 3)
    }
}
