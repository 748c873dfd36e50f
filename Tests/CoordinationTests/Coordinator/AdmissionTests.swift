import Core
import Testing

@testable import Coordination

@Suite("Admission")
struct AdmissionTests {
    private typealias Fixtures = CoordinatorFixtures

    private func decision(
        _ hello: Hello, _ admission: inout Admission, roster: Roster = Fixtures.roster(0),
        phase: CoordinatorMachine.Phase = .training, isLate: Bool = false, now: UInt64 = 0
    ) -> Admission.Decision {
        admission.decide(
            hello, from: Fixtures.connection(7), in: roster, generation: 3, phase: phase, isLate: isLate, now: now)
    }

    private func refusal(_ adjust: (inout Hello) -> Void, phase: CoordinatorMachine.Phase = .training) -> Refusal? {
        var admission = Admission(Fixtures.configuration())
        var hello = Fixtures.hello(7)
        adjust(&hello)
        guard case .refuse(let refusal) = decision(hello, &admission, phase: phase) else { return nil }
        return refusal
    }

    @Test func `each reason for a refusal names both sides`() {
        #expect(refusal { _ in } == nil)
        #expect(
            refusal { $0.arithmeticVersion = 2 }
                == Refusal(
                    kind: .arithmeticVersion,
                    reason: "its arithmetic has version 2, this run needs version 3: use the same release on every host"
                ))
        #expect(
            refusal { $0.experimentDigest = SampleMessages.digest(9) }
                == Refusal(
                    kind: .experiment,
                    reason: "its experiment has digest 0910171e252c, this run's has 323940474e55"))
        #expect(
            refusal { $0.attachment = Attachment(job: .init(high: 0, low: 9), generation: 1, holdsState: false) }
                == Refusal(
                    kind: .ended,
                    reason: "it belongs to run 00000000000000000000000000000009, this is run "
                        + "00000000000000010000000000000002"))
        #expect(
            refusal { $0.attachment = Attachment(job: .init(high: 1, low: 2), generation: 1 << 21, holdsState: false) }
                == Refusal(kind: .ended, reason: "it reports generation 2097152, this run is in generation 3"))
    }

    @Test func `a name conflict is tolerated until the other worker would have been found silent`() {
        var admission = Admission(Fixtures.configuration())
        let roster = Fixtures.roster(1)
        var hello = Fixtures.hello(0)
        hello.processIdentifier = 5
        #expect(decision(hello, &admission, roster: roster, now: 100) == .wait)
        #expect(decision(hello, &admission, roster: roster, now: 1849) == .wait)
        let refused = Admission.Decision.refuse(
            Refusal(kind: .duplicate, reason: "a worker named 'w0' has already joined (pid 1000, host 'here')"))
        #expect(decision(hello, &admission, roster: roster, now: 1850) == refused)
        // Asked again, it starts anew; a late coordinator starts the time again as well.
        #expect(decision(hello, &admission, roster: roster, now: 2000) == .wait)
        #expect(decision(hello, &admission, roster: roster, isLate: true, now: 9000) == .wait)
    }

    @Test func `while a run ends with a code that is requeued, workers wait for the successor`() {
        var admission = Admission(Fixtures.configuration())
        func phase(_ cause: RunFailure.Cause) -> CoordinatorMachine.Phase {
            .ending(.init(outcome: .failed(RunFailure(cause: cause, generation: 1)), deadline: 0))
        }
        #expect(decision(Fixtures.hello(0), &admission, phase: phase(.left)) == .wait)
        let ended = Admission.Decision.refuse(Refusal(kind: .ended, reason: "the run is ending"))
        #expect(
            decision(Fixtures.hello(0), &admission, phase: phase(.checkpointFailed(attempts: 3, message: ""))) == ended)
    }

    @Test func `the first view waits for fewer workers when a child is not replaced in time`() {
        var admission = Admission(
            Fixtures.configuration(workers: 3) { $0.childProcessIdentifiers = [1000, 1001, 1002] })
        let roster = Fixtures.roster(1)
        #expect(admission.awaitedWorkerCount(in: roster, now: 0) == 3)
        admission.childEnded(processIdentifier: 1002, now: 100)
        #expect(admission.awaitedWorkerCount(in: roster, now: 7099) == 3)
        #expect(admission.awaitedWorkerCount(in: roster, now: 7100) == 2)
        admission.childStarted(processIdentifier: 1003)
        #expect(admission.awaitedWorkerCount(in: roster, now: 7100) == 3)
    }

    @Test func `only children of the supervisor may be terminated`() {
        var admission = Admission(Fixtures.configuration { $0.childProcessIdentifiers = [1000] })
        #expect(admission.isRunningChild(1000) && !admission.isRunningChild(1001))
        admission.childEnded(processIdentifier: 1000, now: 0)
        #expect(!admission.isRunningChild(1000) && !admission.hasRunningChildren)
    }
}
