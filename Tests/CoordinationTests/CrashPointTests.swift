import Testing

@testable import Coordination

/// A small run in which one process dies once, at every point where it can.
@Suite("Crash points")
struct CrashPointTests {
    private func cluster(remoteSlots: Set<Int> = []) throws -> SimulatedCluster {
        var options = SimulatedCluster.Options()
        options.workerCount = 2
        options.startedCount = 3
        options.stepsPerEpoch = 3
        options.epochs = 3
        options.remoteSlots = remoteSlots
        options.workersAreSound = true
        options.timeLimit = 60_000
        return try SimulatedCluster(options)
    }

    /// Runs it undisturbed; gives the numbers of its events and of the coordinator's actions.
    private func counts(remoteSlots: Set<Int> = []) throws -> (events: Int, actions: Int) {
        let cluster = try cluster(remoteSlots: remoteSlots)
        var events = 0
        cluster.afterEvent = { number in if cluster.outcome == nil { events = number } }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0 && cluster.violation == nil)
        return (events, Int.max - cluster.coordinator.actionsLeft)
    }

    private func expectCompletion(_ cluster: SimulatedCluster, _ comment: Comment) {
        cluster.run()
        #expect(cluster.violation == nil, comment)
        #expect(cluster.outcome?.exitCode == 0, comment)
    }

    @Test func `the coordinator dies after any of its actions`() throws {
        for count in 1...(try counts().actions) {
            let cluster = try cluster()
            cluster.coordinator.actionsLeft = count
            expectCompletion(cluster, "after \(count) actions")
        }
    }

    @Test func `the coordinator dies after any action, and its successor soon after`() throws {
        let last = try counts().actions
        for count in stride(from: 1, through: last, by: 5) {
            for next in stride(from: 1, through: 60, by: 7) {
                let cluster = try cluster()
                cluster.coordinator.actionsLeft = count
                cluster.adjustSuccessor = { $0.actionsLeft = next }
                expectCompletion(cluster, "after \(count) and \(next) actions")
            }
        }
    }

    @Test(arguments: [0, 1, 2], [false, true])
    func `a worker dies after any event`(slot: Int, isRemote: Bool) throws {
        let remoteSlots: Set<Int> = isRemote ? [0, 1, 2] : []
        for count in stride(from: 1, through: try counts(remoteSlots: remoteSlots).events, by: isRemote ? 3 : 1) {
            let cluster = try cluster(remoteSlots: remoteSlots)
            cluster.afterEvent = { if $0 == count { cluster.kill(cluster.workers[slot]) } }
            expectCompletion(cluster, "after event \(count)")
        }
    }

    @Test func `the coordinator and a worker die after any event`() throws {
        for count in stride(from: 1, through: try counts().events, by: 2) {
            let cluster = try cluster()
            cluster.afterEvent = { number in
                guard number == count else { return }
                cluster.kill(cluster.coordinator)
                cluster.kill(cluster.workers[count % 3])
            }
            expectCompletion(cluster, "after event \(count)")
        }
    }

    @Test func `everybody dies after any event`() throws {
        for count in stride(from: 1, through: try counts().events, by: 3) {
            let cluster = try cluster()
            cluster.afterEvent = { number in
                guard number == count else { return }
                cluster.kill(cluster.coordinator, losesPower: true)
                for worker in cluster.workers { cluster.kill(worker) }
            }
            expectCompletion(cluster, "after event \(count)")
        }
    }
}
