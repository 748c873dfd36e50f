import Testing

@testable import Coordination

@Suite("When something goes wrong")
struct FaultScenarios {
    /// A run long enough that time `at` lies inside training.
    private func longRun(workers: Int = 3) -> SimulatedCluster.Options {
        var options = SimulatedCluster.Options()
        options.workerCount = workers
        options.startedCount = workers
        options.epochs = 200
        return options
    }

    @Test(arguments: Array(stride(from: 60, through: 2000, by: 97))) func anInterruptSavesTheStateAtTheGrantsEnd(
        time: Int
    ) throws {
        let cluster = try SimulatedCluster(longRun(workers: 2))
        cluster.at(UInt64(time)) { cluster.interrupt() }
        cluster.run()
        let saved = cluster.checkpoints.last?.name.completedSteps ?? 0
        #expect(cluster.outcome == .interrupted(signal: 2, completedSteps: saved, saved: true))
        #expect(cluster.outcome?.exitCode == 130)
        #expect(saved > 0 && saved == cluster.highestGrant)
        #expect(cluster.workers.allSatisfy { $0.completedSteps == saved && $0.exit?.code == 0 })
    }

    @Test func anInterruptBeforeTrainingEndsWithoutACheckpoint() throws {
        var options = longRun()
        options.startedCount = 2
        let cluster = try SimulatedCluster(options)
        cluster.at(3000) { cluster.interrupt() }
        cluster.run()
        #expect(cluster.outcome == .interrupted(signal: 2, completedSteps: 0, saved: false))
        #expect(cluster.workers.allSatisfy { $0.exit?.code == 0 })
    }

    @Test func aSecondInterruptEndsAtOnce() throws {
        var options = longRun()
        options.stepMilliseconds = 5000...5000
        let cluster = try SimulatedCluster(options)
        cluster.at(1000) { cluster.interrupt() }
        cluster.at(1200) { cluster.interrupt() }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 130)
        #expect(cluster.checkpoints.isEmpty)
        #expect(cluster.terminated.count == 3)
    }

    @Test func aKilledChildIsNamedAtOnce() throws {
        let cluster = try SimulatedCluster(longRun())
        var noticed: UInt64?
        cluster.at(1000) { cluster.kill(cluster.workers[1]) }
        cluster.at(1002) { noticed = cluster.logs.contains { $0.level == .failure } ? cluster.now : nil }
        cluster.run()
        #expect(noticed == 1002)
        guard case .failed(let verdict) = cluster.outcome else {
            Issue.record("no verdict")
            return
        }
        #expect(verdict.cause == .childEnded(.signalled(number: 9, name: "SIGKILL")))
        #expect(verdict.exitCode == 75)
        for fact in ["worker 1 ('worker-1', pid 1001, host 'here')", "SIGKILL", "step", "generation 1", "--resume"] {
            #expect(verdict.description.contains(fact))
        }
        #expect(!verdict.description.contains("\n"))
        #expect(cluster.workers[0].exit?.code == 75 && cluster.workers[2].exit?.code == 75)
        #expect(cluster.now < 1600, "nobody waits for the dead")
    }

    @Test func aPeersReportNamesTheLostWorkerAndNotTheReporter() throws {
        var options = longRun()
        options.isRemote = true
        let cluster = try SimulatedCluster(options)
        cluster.at(1000) {
            cluster.kill(cluster.workers[2])
            let reporter = cluster.workers[0]
            cluster.perform(
                reporter.machine.failed(.peerLost(rank: 2), message: "connection reset", now: cluster.now), of: reporter
            )
        }
        cluster.run()
        guard case .failed(let verdict) = cluster.outcome else {
            Issue.record("no verdict")
            return
        }
        #expect(verdict.subject?.rank == 2)
        #expect(verdict.exitCode == 75)
        #expect(verdict.description.contains("connection reset"))
    }

    @Test func theSignalOfAChildOutweighsItsPeersReport() throws {
        let cluster = try SimulatedCluster(longRun())
        cluster.at(1000) {
            let reporter = cluster.workers[0]
            cluster.perform(
                reporter.machine.failed(.peerLost(rank: 1), message: "reset", now: cluster.now), of: reporter)
        }
        cluster.at(1100) { cluster.kill(cluster.workers[1]) }
        cluster.run()
        guard case .failed(let verdict) = cluster.outcome else {
            Issue.record("no verdict")
            return
        }
        #expect(verdict.cause == .childEnded(.signalled(number: 9, name: "SIGKILL")))
    }

    @Test(arguments: [false, true]) func aSilentWorkerIsPutOutWithinItsDeadline(isRemote: Bool) throws {
        var options = longRun()
        options.isRemote = isRemote
        let cluster = try SimulatedCluster(options)
        cluster.at(1000) { cluster.freeze(cluster.workers[1]) }
        cluster.run()
        guard case .failed(let verdict) = cluster.outcome else {
            Issue.record("no verdict")
            return
        }
        #expect(verdict.cause == .silent(deadlineMilliseconds: isRemote ? 5000 : 1500))
        #expect(verdict.subject?.rank == 1 && verdict.subject?.processIdentifier == 1001)
        #expect(cluster.terminated == (isRemote ? [] : [1001]))
        #expect(cluster.workers[0].exit?.code == 75 && cluster.workers[2].exit?.code == 75)
    }

    @Test func aStoppedChildIsNamedAndEnded() throws {
        let cluster = try SimulatedCluster(longRun())
        cluster.at(1000) {
            cluster.freeze(cluster.workers[0])
            cluster.perform(cluster.coordinator.childStopped(processIdentifier: 1000, now: cluster.now))
        }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 75)
        #expect(cluster.outcome?.description.contains("was stopped by a signal") == true)
        #expect(cluster.terminated == [1000])
        #expect(cluster.now < 1600)
    }

    @Test(arguments: [300, 1000, 1600, 4000, 9000]) func aLateCoordinatorAccusesNobody(pause: Int) throws {
        var options = longRun()
        options.epochs = 100
        let cluster = try SimulatedCluster(options)
        cluster.at(1000) { cluster.coordinatorPausedUntil = 1000 + UInt64(pause) }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0)
        #expect(cluster.logs.contains { $0.text.contains("late by") })
        #expect(cluster.records.count == 100)
    }

    @Test func workersStopWithoutACoordinator() throws {
        let cluster = try SimulatedCluster(longRun())
        cluster.at(1000) { cluster.coordinatorPausedUntil = 60_000 }
        cluster.run()
        #expect(cluster.workers.allSatisfy { $0.exit?.code == 75 })
        #expect(cluster.workers.allSatisfy { $0.exit?.reason.contains("silent for") == true })
        #expect(cluster.outcome?.exitCode == 75)
    }

    @Test func aWorkerThatGetsNothingDoneIsStuck() throws {
        var options = longRun()
        options.stepMilliseconds = 1_000_000...1_000_000
        let cluster = try SimulatedCluster(options)
        cluster.run()
        #expect(cluster.outcome?.exitCode == 75)
        #expect(cluster.outcome?.description.contains("got nothing done") == true)
    }

    @Test func missingWorkersAreNamedEveryTenSecondsAndAtTheDeadline() throws {
        var options = longRun()
        options.startedCount = 1
        let cluster = try SimulatedCluster(options) { $0.timing.gatheringDeadlineMilliseconds = 35_000 }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 69)
        #expect(cluster.outcome?.description.contains("1 of 3 workers came; missing: worker-1, worker-2") == true)
        #expect(cluster.logs.filter { $0.text.hasPrefix("waiting for 2 of 3 workers: worker-1") }.count == 3)
    }

    @Test func aChildThatEndsBeforeItsHelloEndsTheRun() throws {
        var options = longRun()
        options.startedCount = 2
        let cluster = try SimulatedCluster(options) { $0.childProcessIdentifiers.append(1002) }
        cluster.at(100) {
            let status = ChildStatus.exited(code: 127)
            cluster.perform(cluster.coordinator.childEnded(processIdentifier: 1002, status: status, now: cluster.now))
        }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 75)
        #expect(cluster.outcome?.description.contains("1002 ended with exit code 127 before it joined") == true)
    }

    @Test func aValueThatIsNotFiniteIsNamedAndTheStateBeforeItSaved() throws {
        var options = longRun()
        options.nonFiniteStep = 27
        let cluster = try SimulatedCluster(options)
        cluster.run()
        #expect(cluster.outcome?.exitCode == 65)
        #expect(cluster.outcome?.description.contains("the loss is not finite at step 27, micro-batch 4") == true)
        #expect(cluster.checkpoints.last?.destinations == [.diverged])
        #expect(cluster.checkpoints.last?.name.completedSteps == 27)
        #expect(cluster.checkpoints.dropLast().map(\.name.completedSteps) == [10, 20])
    }

    @Test func workersWithDifferentStatesStopTheRun() throws {
        let cluster = try SimulatedCluster(longRun())
        cluster.at(1000) { cluster.workers[2].isCorrupt = true }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 70)
        #expect(cluster.outcome?.description.contains("worker 2 ('worker-2') have") == true)
        let last = cluster.checkpoints.last?.name.completedSteps ?? 0
        #expect(cluster.records.last?.completedSteps == last, "no checkpoint of a state that is in doubt")
    }

    @Test func differentFirstStatesStopTheRunBeforeTraining() throws {
        let cluster = try SimulatedCluster(longRun())
        cluster.workers[1].isCorrupt = true
        cluster.run()
        #expect(cluster.outcome?.exitCode == 70)
        #expect(cluster.highestGrant == 0)
    }
}
