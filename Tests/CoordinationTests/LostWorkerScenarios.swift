import Testing

@testable import Coordination

@Suite("A worker that is lost")
struct LostWorkerScenarios {
    @Test func `a killed child is reported at once, and the others continue from the step they hold`() throws {
        let cluster = try longRun()
        cluster.at(1000) { cluster.kill(cluster.workers[1]) }
        cluster.at(1002) {
            #expect(cluster.warned("worker 'worker-1' (rank 1, pid 1002, host 'here')", "SIGKILL", "generation 1"))
        }
        cluster.expectCompletion()
        #expect(cluster.views[2]?.members.map(\.name) == ["worker-0", "worker-2"])
        let recovery = try #require(cluster.recoveries.first)
        #expect(cluster.recoveries.count == 1 && recovery.redoneMicroBatches == 8)
        #expect(recovery.recoveredMilliseconds - recovery.noticedMilliseconds < 60)
        let lastStep = try #require(recovery.lastStepMilliseconds)
        #expect(lastStep <= recovery.noticedMilliseconds && lastStep > 0)
        #expect(cluster.records.count == 200)
    }

    @Test func `all but one may be lost, one after another`() throws {
        let cluster = try longRun(workers: 5)
        for slot in 0..<4 { cluster.at(UInt64(1000 + 3 * slot)) { cluster.kill(cluster.workers[slot]) } }
        cluster.expectCompletion()
        #expect(cluster.views.values.max { $0.generation < $1.generation }?.members.map(\.name) == ["worker-4"])
    }

    @Test func `the loss of the last worker ends with 75, and the saved state is whole`() throws {
        let cluster = try longRun(workers: 1)
        cluster.at(1000) { cluster.kill(cluster.workers[0]) }
        cluster.run()
        guard case .failed(let verdict) = cluster.outcome else { return #expect(Bool(false), "no verdict") }
        #expect(verdict.cause == .childEnded(.signalled(.kill)))
        #expect(verdict.exitCode == 75 && verdict.description.contains("--resume"))
        #expect(cluster.violation == nil && cluster.disk.last != nil)
    }

    @Test func `a restarted worker learns and then computes, and the others do not wait for it`() throws {
        let cluster = try longRun { $0.restarts = true }
        cluster.at(1000) { cluster.kill(cluster.workers[1]) }
        cluster.expectCompletion()
        let names = cluster.views.keys.sorted().map { cluster.views[$0]?.members.map(\.microBatches.count) ?? [] }
        #expect(names == [[2, 3, 3], [4, 4], [4, 4, 0], [2, 3, 3]])
    }

    @Test func `a late joiner becomes an owner where one may`() throws {
        let cluster = try longRun(workers: 2) { $0.ownerLimit = 3 }
        cluster.at(1000) { cluster.join(2) }
        cluster.expectCompletion()
        #expect(cluster.views[3]?.members.map(\.microBatches.count) == [2, 3, 3])
    }

    @Test func `a spare takes a lost worker's place`() throws {
        let cluster = try longRun { $0.workerCount = 2 }
        cluster.at(1000) { cluster.kill(cluster.workers[0]) }
        cluster.expectCompletion()
        #expect(cluster.views.values.max { $0.generation < $1.generation }?.ownerCount == 2)
    }

    @Test func `below the fewest workers the others wait, and newcomers compute at once`() throws {
        let cluster = try longRun { $0.minimumWorkerCount = 3 }
        cluster.at(1000) { cluster.kill(cluster.workers[0]) }
        cluster.at(30_000) { cluster.join(0) }
        cluster.expectCompletion()
        #expect(cluster.warned("2 of at least 3 workers are left"))
        #expect(cluster.views[2]?.members.map(\.microBatches.count) == [2, 3, 3])
    }

    @Test func `a peer's report names the lost worker and not the reporter`() throws {
        let cluster = try longRun { $0.remoteSlots = [0, 1, 2] }
        cluster.at(1000) {
            cluster.workers[2].isDead = true
            cluster.lose(2, cluster.workers[0])
        }
        cluster.expectCompletion()
        #expect(cluster.warned("worker 'worker-2' (rank 2", "link lost"))
        #expect(cluster.views[2]?.members.map(\.name) == ["worker-0", "worker-1"])
    }

    @Test func `an exit code that arrives after a peer's report is the cause that is reported`() throws {
        let cluster = try longRun()
        cluster.at(1000) { cluster.lose(1, cluster.workers[0]) }
        cluster.at(1010) { cluster.exited(cluster.workers[1], 70, "broken") }
        cluster.expectCompletion()
        #expect(cluster.warned("worker 'worker-1' (rank 1", "ended with exit code 70"))
    }

    @Test func `a link that breaks between live workers costs a generation, not a worker`() throws {
        let cluster = try longRun()
        cluster.at(1000) { cluster.lose(1, cluster.workers[0]) }
        cluster.at(1002) { if cluster.workers[0].activity != .failed { cluster.lose(1, cluster.workers[0]) } }
        cluster.expectCompletion()
        #expect(cluster.warned("the link between", "broke"))
        #expect(cluster.views.count == 2 && cluster.views[2]?.ownerCount == 3)
    }

    @Test(arguments: [false, true]) func `a silent worker is lost within its deadline`(isRemote: Bool) throws {
        let cluster = try longRun { $0.remoteSlots = isRemote ? [0, 1, 2] : [] }
        cluster.at(1000) { cluster.pause(cluster.workers[1], for: 100_000) }
        cluster.expectCompletion()
        #expect(cluster.warned("worker 'worker-1' (rank 1", "sent no heartbeat for \(isRemote ? 1900 : 1500) ms"))
        #expect(cluster.terminated == (isRemote ? [] : [1002]))
    }

    @Test func `a process that no supervisor started is never killed, whatever identifier it reports`() throws {
        var options = SimulatedCluster.Options()
        (options.workerCount, options.startedCount, options.epochs, options.restarts) = (3, 3, 200, false)
        let cluster = try SimulatedCluster(options) { $0.childProcessIdentifiers = [] }
        cluster.at(1000) { cluster.pause(cluster.workers[1], for: 100_000) }
        cluster.expectCompletion()
        #expect(cluster.warned("worker 'worker-1' (rank 1", "sent no heartbeat"))
        #expect(cluster.terminated.isEmpty)
    }

    @Test func `a worker that returns from a pause holds an old generation, and joins anew`() throws {
        let cluster = try longRun { $0.remoteSlots = [0, 1, 2] }
        cluster.at(1000) { cluster.pause(cluster.workers[1], for: 3000) }
        cluster.expectCompletion()
        #expect(cluster.views.values.max { $0.generation < $1.generation }?.ownerCount == 3)
        #expect(cluster.workers[1].exit?.code == 0)
    }

    @Test func `a worker that fails during a reconfiguration is not waited for`() throws {
        let cluster = try longRun { $0.delayMilliseconds = 5...5 }
        cluster.at(1000) {
            cluster.kill(cluster.workers[2])
            let worker = cluster.workers[1]
            worker.activity = .failed
            cluster.perform(worker.machine.received(.failed(.internal, message: "broken"), now: 1000), of: worker)
        }
        cluster.at(1006) { #expect(cluster.warned("'worker-1'", "failed: broken", "generation 2")) }
        cluster.expectCompletion()
        #expect(cluster.recoveries.first.map { $0.recoveredMilliseconds - $0.noticedMilliseconds < 100 } == true)
    }

    @Test func `a stopped child is named and ended`() throws {
        let cluster = try longRun()
        cluster.at(1000) { cluster.stop(cluster.workers[0]) }
        cluster.expectCompletion()
        #expect(cluster.warned("was stopped by a signal"))
        #expect(cluster.terminated == [1001])
    }

    @Test func `a worker without progress is unresponsive and lost`() throws {
        let cluster = try longRun()
        cluster.workers[1].stepMilliseconds = 1_000_000...1_000_000
        cluster.expectCompletion()
        #expect(cluster.warned("worker 'worker-1' (rank 1", "made no progress"))
    }

    @Test func `when too few workers are left for too long, what they hold is saved`() throws {
        let cluster = try longRun { $0.minimumWorkerCount = 3 }
        cluster.at(1000) { cluster.kill(cluster.workers[2]) }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 75 && cluster.violation == nil)
        let waited = try #require(cluster.logs.first { $0.text.contains("training waits for more after step") }?.text)
        let saved = try #require(cluster.disk.last?.name)
        #expect(saved.completedSteps > 0 && waited.hasSuffix("after step \(saved.completedSteps)"))
        #expect(cluster.exits.allSatisfy { $0.code == 75 })
    }

    @Test func `missing workers are counted every ten seconds and at the deadline`() throws {
        var options = SimulatedCluster.Options()
        options.workerCount = 3
        options.startedCount = 1
        let cluster = try SimulatedCluster(options) { $0.settings.gatherSeconds = 35 }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 69)
        #expect(cluster.outcome?.description.contains("only 1 of 3 workers joined in time") == true)
        #expect(cluster.logs.filter { $0.text == "waiting for 2 of 3 workers" }.count == 3)
    }

    @Test func `a run starts without a child that ended before its HELLO`() throws {
        var options = SimulatedCluster.Options()
        options.workerCount = 3
        let cluster = try SimulatedCluster(options) { $0.childProcessIdentifiers.append(1003) }
        cluster.at(100) {
            cluster.onCoordinator { process in
                cluster.perform(
                    process.machine.childEnded(processIdentifier: 1003, status: .exited(code: 127), now: 100),
                    of: process)
            }
        }
        cluster.expectCompletion()
        #expect(cluster.warned("1003 ended with exit code 127 before it joined"))
        #expect(cluster.views[1]?.ownerCount == 2)
    }
}
