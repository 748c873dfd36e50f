import Testing

@testable import Coordination

@Suite("Texts of failures")
struct RunFailureTests {
    private func text(_ cause: RunFailure.Cause, hasSubject: Bool = false) -> String {
        let subject = RunFailure.Subject(
            rank: 1, name: "w1", host: "here", processIdentifier: 1002, phase: .computing, completedSteps: 7,
            silenceMilliseconds: 1500)
        return RunFailure(cause: cause, subject: hasSubject ? subject : nil, generation: 2).description
    }

    private let subject = "worker 'w1' (rank 1, pid 1002, host 'here') "
    private let end =
        ", while computing gradients after step 7 in generation 2, last message 1500 ms ago; continue with --resume"

    @Test func `a lost worker is one line with its name, place, cause, phase and step`() {
        func expect(_ cause: RunFailure.Cause, _ expected: String, location: SourceLocation = #_sourceLocation) {
            #expect(text(cause, hasSubject: true) == subject + expected + end, sourceLocation: location)
        }
        expect(.silent(deadlineMilliseconds: 1500), "sent no heartbeat for 1500 ms")
        expect(.unresponsive(milliseconds: 120_000), "sends heartbeats but made no progress for 120 s")
        expect(
            .childEnded(.signalled(.kill)),
            "was killed by signal 9 (SIGKILL) (reported by the supervisor)")
        expect(.childEnded(.exited(code: 70)), "ended with exit code 70 (reported by the supervisor)")
        expect(.childStopped, "was stopped by a signal (reported by the supervisor)")
        expect(
            .reportedByPeer(name: "worker 'w0' (rank 0)", message: "link lost"),
            "cannot be reached by worker 'w0' (rank 0): link lost")
        expect(.left, "left before the end")
    }

    @Test func `a failed run has its reason and a remedy`() {
        #expect(
            text(.tooFewWorkers(present: 1, needed: 2))
                == "only 1 of at least 2 workers are left, and no others joined; continue with --resume")
        #expect(
            text(.gatheringTimedOut(present: 1, expected: 2))
                == "only 1 of 2 workers joined in time; check that the others are started and can reach this address")
        let lastEnd = "the worker process 9 was killed by signal 11 (SIGSEGV) before it joined"
        #expect(
            text(.gatheringTimedOut(present: 1, expected: 2, lastEnd: lastEnd))
                == "only 1 of 2 workers joined in time; " + lastEnd)
        #expect(
            text(.preparationTimedOut(missing: ["worker 'w1', waiting for a grant"]))
                == "workers were not ready in time; missing: worker 'w1', waiting for a grant")
        #expect(
            text(.checkpointFailed(attempts: 3, message: "no space left"))
                == "the checkpoint could not be written in 3 attempts: no space left; the workers save their states; then continue with --resume"
        )
        #expect(
            text(.repeatedFailure(step: 6, count: 3, last: "left before the end"))
                == "step 7 failed 3 times by errors of the workers themselves; the last time a worker left before the end"
        )
        #expect(
            text(.unknownChild(processIdentifier: 9, status: .exited(code: 127)))
                == "the worker process 9 ended with exit code 127 before it joined; continue with --resume")
    }

    private static let suspicion =
        "either memory or a processor is faulty, or a process without a place in the run sent frames, which it can at an "
        + "address without keys"

    @Test func `states that differ are listed by digest, with the tensors that differ`() {
        let groups = [
            RunFailure.StateGroup(digest: SampleMessages.digest(0), workers: ["worker 'w0'", "worker 'w2'"]),
            RunFailure.StateGroup(digest: SampleMessages.digest(1), workers: ["worker 'w1'"]),
        ]
        #expect(
            text(.statesDiffer(completedSteps: 7, groups: groups, tensors: ["fc1.weight", "fc1.bias"]))
                == "workers hold different states after step 7: worker 'w0', worker 'w2': 00070e151c23; "
                + "worker 'w1': 01080f161d24; the tensors that differ: fc1.weight, fc1.bias; \(Self.suspicion)")
    }

    @Test func `an audit names both workers`() {
        #expect(
            text(.auditUndecided(step: 8, workers: ["worker 'w0'", "worker 'w1'"]))
                == "worker 'w0' and worker 'w1' computed different gradients at step 8, and the re-execution agrees with "
                + "neither; \(Self.suspicion)")
        #expect(
            text(.auditFailed(step: 8, other: "worker 'w0'"))
                == "computed a wrong gradient at step 8: worker 'w0' and the re-execution agree on another one")
    }

    @Test func `the exit code follows the cause`() {
        func code(_ cause: RunFailure.Cause) -> Int32 { RunFailure(cause: cause, generation: 1).exitCode }
        #expect(code(.left) == 75)
        #expect(code(.unknownChild(processIdentifier: 1, status: .exited(code: 66))) == 66)
        #expect(code(.unknownChild(processIdentifier: 1, status: .exited(code: 1))) == 75)
        #expect(code(.statesDiffer(completedSteps: 1, groups: [])) == 70)
        #expect(code(.gatheringTimedOut(present: 0, expected: 1)) == 69)
        #expect(code(.gatheringTimedOut(present: 0, expected: 1, lastEnd: "it was killed")) == 70)
        #expect(code(.checkpointFailed(attempts: 3, message: "")) == 74)
        let failure = WorkerFailure(
            generation: 1, kind: .nonFinite(step: 1, microBatch: 2, what: "the loss"), message: "")
        #expect(code(.failure(failure)) == 65)
    }
}
