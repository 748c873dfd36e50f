import Testing

@testable import Coordination

@Suite("Ending keeps the work")
struct EndingScenarios {
    /// Signals every process at `time`; returns how many steps the furthest worker had complete then.
    private func run(_ cluster: SimulatedCluster, endedAt time: UInt64) -> UInt64 {
        var completed: UInt64 = 0
        cluster.at(time) {
            completed = cluster.completedSteps
            cluster.signalAll()
        }
        cluster.run()
        #expect(cluster.violation == nil)
        return completed
    }

    private func expectSaved(_ cluster: SimulatedCluster, atLeast steps: UInt64) {
        let saved = cluster.disk.last?.name.completedSteps ?? 0
        #expect(saved >= steps, "\(cluster.history.text)")
        // Where all workers have left before the coordinator's signal arrives, the run ends as without workers.
        let isLeft =
            cluster.outcome?.exitCode == 75 && cluster.outcome?.description.contains("left before the end") == true
        #expect(isLeft || cluster.outcome == .interrupted(signal: 15, completedSteps: saved, saved: saved > 0))
        let left = cluster.workers.filter { !$0.isDead }
        #expect(left.allSatisfy { [75, 143].contains($0.exit?.code) }, "\(cluster.exits)")
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `SIGTERM to every process at once saves the furthest state`(seed: UInt64) throws {
        let cluster = try longRun { ($0.seed, $0.delayMilliseconds, $0.historyLength) = (seed, 0...20, 200) }
        expectSaved(cluster, atLeast: run(cluster, endedAt: seed * 7))
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `also while the workers reconfigure after a loss`(seed: UInt64) throws {
        let cluster = try longRun { ($0.seed, $0.delayMilliseconds, $0.historyLength) = (seed, 0...20, 200) }
        cluster.at(1000) { cluster.kill(cluster.workers[Int(seed % 3)]) }
        expectSaved(cluster, atLeast: run(cluster, endedAt: 1000 + seed))
    }

    @Test(arguments: [1100, 5000, 60_000] as [UInt64])
    func `also while too few workers are left`(time: UInt64) throws {
        let cluster = try longRun { $0.minimumWorkerCount = 3 }
        cluster.at(1000) { cluster.kill(cluster.workers[2]) }
        let completed = run(cluster, endedAt: time)
        #expect(completed > 0)
        expectSaved(cluster, atLeast: completed)
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `also while a successor gathers the workers of its predecessor`(seed: UInt64) throws {
        let cluster = try longRun { ($0.seed, $0.delayMilliseconds, $0.historyLength) = (seed, 0...20, 200) }
        cluster.at(1000) {
            cluster.kill(cluster.coordinator)
            cluster.startSuccessor()
        }
        expectSaved(cluster, atLeast: run(cluster, endedAt: 1000 + seed))
    }

    @Test func `a step longer than half of the grace time is given up, and the state before it is saved`() throws {
        let cluster = try longRun { $0.stepMilliseconds = 5000...5000 }
        cluster.at(20_000) {
            for worker in cluster.workers { worker.stepMilliseconds = 1_000_000...1_000_000 }
        }
        let completed = run(cluster, endedAt: 30_000)
        #expect(completed >= 4)
        expectSaved(cluster, atLeast: completed)
    }

    @Test func `a worker that receives SIGTERM leaves at a boundary, and the others redo no step`() throws {
        let cluster = try longRun()
        cluster.at(1000) { cluster.signal(cluster.workers[1]) }
        cluster.expectCompletion()
        #expect(cluster.workers[1].exit?.code == 143)
        #expect(cluster.views[2]?.members.map(\.name) == ["worker-0", "worker-2"])
        #expect(cluster.recoveries.isEmpty)
    }

    @Test func `when every worker receives SIGTERM the state is saved before the run ends with 75`() throws {
        let cluster = try longRun()
        var completed: UInt64 = 0
        cluster.at(1000) {
            completed = cluster.completedSteps
            for worker in cluster.workers { cluster.signal(worker) }
        }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 75 && cluster.violation == nil)
        #expect(completed > 0 && cluster.disk.last?.name.completedSteps ?? 0 >= completed)
    }

    @Test func `a worker without a coordinator saves its own state within the grace time`() throws {
        let cluster = try longRun()
        cluster.at(1000) { cluster.kill(cluster.coordinator) }
        cluster.at(2000) { for worker in cluster.workers { cluster.signal(worker) } }
        cluster.at(22_000) { cluster.outcome = .interrupted(signal: 15, completedSteps: 0, saved: false) }
        cluster.run()
        #expect(cluster.exits.count == 3 && cluster.exits.allSatisfy { $0.code == 143 })
        #expect(cluster.exits.allSatisfy { $0.reason.contains("its state is in state") })
    }

    @Test func `a second SIGINT ends a worker at once`() throws {
        let cluster = try longRun()
        cluster.at(1000) { cluster.kill(cluster.coordinator) }
        cluster.at(2000) { cluster.signal(cluster.workers[0], 2) }
        cluster.at(2300) { cluster.signal(cluster.workers[0], 2) }
        cluster.at(2301) {
            #expect(cluster.workers[0].exit?.code == 130)
            cluster.outcome = .interrupted(signal: 2, completedSteps: 0, saved: false)
        }
        cluster.run()
    }

    @Test func `on a full disk every worker saves its state before it leaves with 74`() throws {
        let cluster = try longRun()
        cluster.at(100) { cluster.failingWrites = 1000 }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 74 && cluster.violation == nil)
        #expect(cluster.exits.count == 3)
        #expect(cluster.exits.allSatisfy { $0.code == 74 && $0.reason.contains("its state is in state") })
    }

    @Test func `two workers whose connections close at once are lost before their silence is noticed`() throws {
        let cluster = try longRun { $0.remoteSlots = [0, 1, 2] }
        cluster.at(1000) {
            for slot in [1, 2] { cluster.workers[slot].isDead = true }
        }
        cluster.at(1250) {
            for slot in [1, 2] { cluster.closeConnection(of: cluster.workers[slot]) }
        }
        cluster.at(1900) {
            for slot in [1, 2] { #expect(cluster.warned("worker 'worker-\(slot)'", "closed its connection")) }
        }
        cluster.expectCompletion()
    }
}

extension SimulatedCluster {
    /// Steps that the furthest worker has complete.
    fileprivate var completedSteps: UInt64 {
        workers.filter { $0.isHere && $0.view != nil }.map { training.position($0.rounds).completedSteps }.max() ?? 0
    }

    /// The coordinator's driver finds a worker's connection closed.
    fileprivate func closeConnection(of worker: SimulatedWorker) {
        onCoordinator { process in
            let connection = self.connection(of: worker, process)
            self.perform(
                process.machine.connectionClosed(connection, now: process.clock.local(self.now)), of: process)
        }
    }
}
