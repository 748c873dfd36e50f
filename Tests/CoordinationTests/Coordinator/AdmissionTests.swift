import Core
import Testing

@testable import Coordination

@Suite("Admission")
struct AdmissionTests {
    private typealias Fixtures = CoordinatorFixtures

    private func decision(
        _ hello: Hello, _ admission: Admission, roster: Roster = Fixtures.roster(0),
        phase: CoordinatorMachine.Phase = .training
    ) -> Admission.Decision {
        admission.decide(hello, in: roster, generation: 3, phase: phase)
    }

    private func refusal(_ adjust: (inout Hello) -> Void, phase: CoordinatorMachine.Phase = .training) -> Refusal? {
        let admission = Admission(Fixtures.configuration())
        var hello = Fixtures.hello(7)
        adjust(&hello)
        guard case .refuse(let refusal) = decision(hello, admission, phase: phase) else { return nil }
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

    @Test func `workers that join and leave without training are admitted up to a bound`() {
        let admission = Admission(Fixtures.configuration())
        var roster = Fixtures.roster(1)
        roster.enterView([0], now: 0)
        for number in 1...16 * WireLimits.workerCount {
            let hello = Fixtures.hello(number)
            if number.isMultiple(of: 1024) { #expect(decision(hello, admission, roster: roster) == .admit) }
            let connection = ConnectionIdentifier(Array("\(number)".utf8))
            roster.remove(roster.add(hello, from: connection, isLocal: false, isAttached: false, now: 0))
        }
        guard case .refuse(let refusal) = decision(Fixtures.hello(7), admission, roster: roster) else {
            Issue.record("one more is admitted")
            return
        }
        #expect(refusal.kind == .tooMany)
    }

    @Test func `a process with the name or the inbox of a worker contests it, whatever else it reports`() {
        let admission = Admission(Fixtures.configuration())
        let roster = Fixtures.roster(2)
        var (namesake, neighbour) = (Fixtures.hello(7), Fixtures.hello(7))
        namesake.name = "w1"
        neighbour.inboxAddress = "inbox 1"
        for hello in [namesake, neighbour] {
            #expect(decision(hello, admission, roster: roster) == .contest(worker: 1))
        }
        #expect(
            admission.refusal(of: namesake, conflictingWith: roster[1]).reason
                == "a worker named 'w1' has already joined and is alive (pid 1001, host 'here'): give this one another name"
        )
        #expect(admission.refusal(of: neighbour, conflictingWith: roster[1]).reason.contains("with the inbox inbox 1"))
    }

    @Test func `while a run ends with a code that is requeued, workers wait for the successor`() {
        let admission = Admission(Fixtures.configuration())
        func phase(_ cause: RunFailure.Cause) -> CoordinatorMachine.Phase {
            .ending(.init(outcome: .failed(RunFailure(cause: cause, generation: 1)), deadline: 0))
        }
        #expect(decision(Fixtures.hello(0), admission, phase: phase(.left)) == .wait)
        let ended = Admission.Decision.refuse(Refusal(kind: .ended, reason: "the run is ending"))
        #expect(
            decision(Fixtures.hello(0), admission, phase: phase(.checkpointFailed(attempts: 3, message: ""))) == ended)
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
        let (local, remote) = (Fixtures.roster(2), Fixtures.roster(1, host: "there"))
        #expect(admission.isRunningChild(local[0]) && !admission.isRunningChild(local[1]))
        #expect(!admission.isRunningChild(remote[0]), "another process space has a process 1000 too")
        admission.childEnded(processIdentifier: 1000, now: 0)
        #expect(!admission.isRunningChild(local[0]) && !admission.hasRunningChildren)
    }

    @Test func `a worker of another process space does not count as a child that has not joined`() {
        var admission = Admission(Fixtures.configuration(workers: 3) { $0.childProcessIdentifiers = [1000, 1001] })
        admission.childEnded(processIdentifier: 1001, now: 0)
        let roster = Fixtures.roster(1, host: "there")
        #expect(admission.awaitedWorkerCount(in: roster, now: 7000) == 2)
    }
}
