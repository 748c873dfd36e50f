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

    @Test func `a learner with a different state is evicted, and the run goes on`() throws {
        let cluster = try longRun {
            $0.epochs = 100
            $0.workerCount = 2
            $0.ownerLimit = 3
        }
        let learner = cluster.workers[2]
        cluster.afterEvent = { _ in
            // It receives the state as it is, and loses a bit of it afterwards.
            let isLearner = learner.view != nil && !learner.isOwner && learner.rounds > learner.viewState.rounds
            if isLearner { learner.isCorrupt = true }
        }
        // The owners do not wait for it, and it must not become one of them meanwhile.
        cluster.expectCompletion()
        #expect(learner.exit?.code == 70, "\(learner.exit.map { "\($0)" } ?? "it stays")")
    }

    @Test func `a broken link while a state is rescued changes nothing`() throws {
        let cluster = try longRun { $0.nonFiniteStep = 27 }
        var isBroken = false
        cluster.afterEvent = { _ in
            guard !isBroken, case .rescuing = cluster.coordinator.machine.phase else { return }
            isBroken = true
            breakLink(cluster, to: 2, pausing: 1)
        }
        cluster.run()
        #expect(isBroken && cluster.outcome?.exitCode == 65, "\(cluster.outcome.map { "\($0)" } ?? "no end")")
        #expect(cluster.disk.checkpoints.last?.destinations == [.diverged])
    }

    @Test func `a broken link while states are compared changes nothing`() throws {
        let cluster = try longRun()
        cluster.at(1000) { cluster.workers[2].isCorrupt = true }
        var isBroken = false
        cluster.afterEvent = { _ in
            guard !isBroken, case .comparing = cluster.coordinator.machine.phase else { return }
            isBroken = true
            breakLink(cluster, to: 1, pausing: 2)
        }
        cluster.run()
        #expect(isBroken && cluster.outcome?.exitCode == 70)
        #expect(cluster.outcome?.description.contains("the tensors that differ: a.weight") == true)
    }

    /// Rank 0 reports that it lost its link to a rank that lives. The worker that sends a state takes longer than the
    /// report needs to be confirmed.
    private func breakLink(_ cluster: SimulatedCluster, to rank: Int, pausing slot: Int) {
        guard let view = cluster.coordinator.machine.membership.view else { return }
        let failure = WorkerFailure(generation: view.generation, kind: .peerLost(rank: rank), message: "link lost")
        cluster.sendToCoordinator(.failed(failure), from: cluster.workers[0])
        cluster.pause(cluster.workers[slot], for: 700)
    }
}
