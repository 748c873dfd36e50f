import Testing

@testable import Coordination

@Suite("States that are not as they should be")
struct WrongStateScenarios {
    @Test func `a value that is not finite is named and the state before it saved`() throws {
        let cluster = try longRun { $0.nonFiniteStep = 27 }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 65)
        #expect(cluster.outcome?.description.contains("the loss is not finite at step 27, micro-batch 4") == true)
        #expect(cluster.disk.checkpoints.last?.destinations == [.diverged])
        #expect(cluster.disk.checkpoints.last?.name.completedSteps == 27)
        #expect(cluster.disk.checkpoints.dropLast().map(\.name.completedSteps) == [10, 20])
    }

    @Test func `workers with different states stop the run`() throws {
        let cluster = try longRun()
        cluster.at(1000) { cluster.workers[2].isCorrupt = true }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 70)
        #expect(cluster.outcome?.description.contains("worker 'worker-2' (rank 2): ") == true)
        #expect(cluster.violation == nil, "no checkpoint of a state that is in doubt")
    }

    @Test func `different first states stop the run before training`() throws {
        let cluster = try longRun()
        cluster.workers[1].isCorrupt = true
        cluster.run()
        #expect(cluster.outcome?.exitCode == 70)
        #expect(cluster.grants.isEmpty)
    }
}
