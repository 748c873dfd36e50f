import Testing

@testable import Coordination

@Suite("An audit that finds a difference")
struct AuditScenarios {
    /// A run whose workers all wait in the same step from 1500 ms on, for five seconds.
    private func waitingRun() throws -> SimulatedCluster {
        let cluster = try longRun { $0.audits = true }
        cluster.at(1000) { for worker in cluster.workers { worker.stepMilliseconds = 5000...5000 } }
        return cluster
    }

    /// Both workers of a dispute report it, as they do when they have exchanged their findings.
    private func reportMismatch(_ cluster: SimulatedCluster, owner: Int, auditor: Int) {
        for rank in [auditor, owner] {
            reportMismatch(cluster, from: rank, owner: owner, auditor: auditor, digests: (1, 2))
        }
    }

    private func reportMismatch(
        _ cluster: SimulatedCluster, from rank: Int, owner: Int, auditor: Int, digests: (owner: UInt64, auditor: UInt64)
    ) {
        let worker = cluster.workers[rank]
        let mismatch = AuditMismatch(
            completedSteps: cluster.training.position(worker.rounds).completedSteps, owner: owner, auditor: auditor,
            ownerDigest: digests.owner, auditorDigest: digests.auditor)
        cluster.perform(
            worker.machine.received(.failed(.auditMismatch(mismatch), message: ""), now: cluster.now), of: worker)
    }

    private func answer(_ cluster: SimulatedCluster, _ question: AuditQuestion, _ digest: UInt64?) {
        cluster.onCoordinator { process in
            cluster.perform(
                process.machine.gradientReexecuted(generation: question.generation, digest: digest, now: cluster.now),
                of: process)
        }
    }

    @Test(arguments: [(1, "'worker-1'"), (2, "'worker-0'")] as [(UInt64, String)])
    func `the worker whose gradient the re-execution contradicts is evicted`(truth: UInt64, wrong: String) throws {
        let cluster = try waitingRun()
        cluster.at(1500) { reportMismatch(cluster, owner: 0, auditor: 1) }
        cluster.at(1600) {
            #expect(cluster.auditQuestions.map(\.microBatches) == [0..<2])
            for question in cluster.auditQuestions { answer(cluster, question, truth) }
        }
        cluster.at(1700) {
            for worker in cluster.workers { worker.stepMilliseconds = 5...5 }
            #expect(cluster.warned(wrong, "computed a wrong gradient"))
        }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0)
        #expect(cluster.views[2]?.ownerCount == 2)
    }

    @Test func `a re-execution that agrees with neither worker ends the run`() throws {
        let cluster = try waitingRun()
        cluster.at(1500) { reportMismatch(cluster, owner: 0, auditor: 1) }
        cluster.at(1600) { for question in cluster.auditQuestions { answer(cluster, question, 3) } }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 70)
        #expect(cluster.outcome?.description.contains("agrees with neither") == true)
    }

    @Test func `a step whose audit is never decided is repeated, at most three times`() throws {
        let cluster = try longRun { $0.audits = true }
        cluster.at(1000) { for worker in cluster.workers { worker.stepMilliseconds = 100_000...100_000 } }
        for time: UInt64 in [1500, 22_000, 43_000] {
            cluster.at(time) { reportMismatch(cluster, owner: 0, auditor: 1) }
        }
        cluster.at(22_000) { #expect(cluster.warned("was not decided in time: the step is repeated")) }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 70)
        #expect(cluster.outcome?.description.contains("failed 3 times") == true)
    }

    @Test func `an answer to a question of an earlier view has no effect`() throws {
        let cluster = try waitingRun()
        cluster.at(1500) { reportMismatch(cluster, owner: 0, auditor: 1) }
        cluster.at(1600) { cluster.kill(cluster.workers[2]) }
        cluster.at(1800) { reportMismatch(cluster, owner: 0, auditor: 1) }
        cluster.at(1900) {
            #expect(cluster.auditQuestions.map(\.generation) == [1, 2])
            for question in cluster.auditQuestions { answer(cluster, question, question.generation == 1 ? 3 : 1) }
        }
        cluster.at(2000) {
            for worker in cluster.workers { worker.stepMilliseconds = 5...5 }
            #expect(cluster.warned("'worker-1'", "computed a wrong gradient"))
        }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0)
    }

    @Test func `a finding of a run without audits evicts the worker that reports it`() throws {
        let cluster = try longRun()
        cluster.at(1500) { reportMismatch(cluster, owner: 0, auditor: 1) }
        cluster.expectCompletion()
        #expect(cluster.warned("'worker-1'", "sent the finding of an audit that it took no part in"))
        #expect(cluster.auditQuestions.isEmpty)
    }

    @Test func `with two owners, one that misquotes the other is not believed`() throws {
        let cluster = try longRun(workers: 2) { $0.audits = true }
        cluster.at(1000) { for worker in cluster.workers { worker.stepMilliseconds = 5000...5000 } }
        cluster.at(1500) {
            reportMismatch(cluster, from: 1, owner: 0, auditor: 1, digests: (9, 1))
            reportMismatch(cluster, from: 0, owner: 0, auditor: 1, digests: (1, 5))
        }
        cluster.at(1600) { for question in cluster.auditQuestions { answer(cluster, question, 1) } }
        cluster.at(1700) {
            for worker in cluster.workers { worker.stepMilliseconds = 5...5 }
            #expect(cluster.warned("is not confirmed by both workers: the step is repeated"))
        }
        cluster.expectCompletion()
        #expect(cluster.exits.allSatisfy { $0.code == 0 })
    }

    @Test func `two disputants with different states end the run with the digests of both`() throws {
        let cluster = try waitingRun()
        cluster.at(1400) { cluster.workers[1].isCorrupt = true }
        cluster.at(1500) { reportMismatch(cluster, owner: 0, auditor: 1) }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 70 && cluster.auditQuestions.isEmpty)
        #expect(cluster.outcome?.description.contains("worker 'worker-1' (rank 1): ") == true)
    }
}
