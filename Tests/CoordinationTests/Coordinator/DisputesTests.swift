import Testing

@testable import Coordination

@Suite("Disputes")
struct DisputesTests {
    private typealias Fixtures = CoordinatorFixtures

    private static func mismatch(owner: UInt64 = 11, auditor: UInt64 = 22) -> AuditMismatch {
        AuditMismatch(completedSteps: 4, owner: 1, auditor: 0, ownerDigest: owner, auditorDigest: auditor)
    }

    private var audit = Audit(mismatch(), reportedBy: 0, senders: [3, 5], deadline: 100)

    @Test mutating func `the re-executed gradient decides which rank was wrong, once both have reported their own`() {
        #expect(audit.finding(reexecuted: 11) == .unconfirmed)
        audit.note(Self.mismatch(), reportedBy: 1)
        #expect(audit.finding(reexecuted: 11) == .wrong(rank: 0, right: 1))
        #expect(audit.finding(reexecuted: 22) == .wrong(rank: 1, right: 0))
        #expect(audit.finding(reexecuted: 33) == .undecided)
        #expect(audit.finding(reexecuted: nil) == .undecided)
    }

    @Test mutating func `what a rank reports about the other one decides nothing`() {
        // Rank 0 claims to be right, and that rank 1 sent 11; rank 1 has sent 22, as it says.
        audit.note(Self.mismatch(owner: 22, auditor: 7), reportedBy: 1)
        audit.note(Self.mismatch(owner: 5, auditor: 5), reportedBy: 1)
        #expect(audit.finding(reexecuted: 22) == .unconfirmed)
    }

    @Test
    mutating func `the question is about the owner's micro-batches and the state before the step, which both hold`() {
        let members = (0..<2).map { rank in
            Member(
                rank: rank, workerIdentifier: UInt32(rank), name: "w\(rank)", host: "", processIdentifier: 1,
                inboxAddress: "", microBatches: rank * 4..<rank * 4 + 4)
        }
        let view = View(generation: 7, position: .start, holder: 0, members: members)
        func name(_ steps: UInt64) -> StateName {
            StateName(purpose: .audit, completedSteps: steps, completedEpochs: 0)
        }
        #expect(audit.receive(name(3), [5], view: view) == .incomplete && audit.stateSender == 3)
        #expect(audit.receive(name(4), [5], view: view) == .incomplete && audit.stateSender == 5)
        var other = audit
        #expect(other.receive(name(4), [6], view: view) == .differ(left: [5], right: [6]))
        let question = AuditQuestion(generation: 7, completedSteps: 4, microBatches: 4..<8, state: [5])
        #expect(audit.receive(name(4), [5], view: view) == .complete(question) && audit.stateSender == nil)
    }

    @Test func `two states that differ at the same round are asked for one after the other`() throws {
        var roster = Fixtures.roster(3)
        roster.setReady(0, Fixtures.ready(3, digest: 9))
        roster.setReady(1, Fixtures.ready(4, digest: 1))
        roster.setReady(2, Fixtures.ready(4, digest: 2))
        let failure = RunFailure(cause: .statesDiffer(completedSteps: 4, groups: []), generation: 1)
        var comparison = StateComparison(failure, of: [0, 1, 2], in: roster, deadline: 100)
        #expect(comparison.nextSender == 2)
        #expect(comparison.receive([1]) == nil)
        #expect(comparison.nextSender == 3)
        let second = comparison.receive([2])
        let pair = try #require(second)
        #expect(pair.left == [1] && pair.right == [2] && comparison.nextSender == nil)
        #expect(
            comparison.failure(tensors: ["fc1.weight"]).cause
                == .statesDiffer(completedSteps: 4, groups: [], tensors: ["fc1.weight"]))
    }

    @Test func `equal states give no pair to compare`() {
        var roster = Fixtures.roster(2)
        for worker in 0..<2 { roster.setReady(worker, Fixtures.ready(4)) }
        let failure = RunFailure(cause: .left, generation: 1)
        #expect(StateComparison(failure, of: [0, 1], in: roster, deadline: 0).nextSender == nil)
    }
}

@Suite("History of failures")
struct FailureHistoryTests {
    @Test func `the third failure of one step is too many, another step starts anew`() {
        var history = FailureHistory(predecessor: nil, now: 0)
        #expect(history.noteStepFailure(completedSteps: 5) == false)
        #expect(history.noteStepFailure(completedSteps: 5) == false)
        #expect(history.noteStepFailure(completedSteps: 6) == false)
        #expect(history.noteStepFailure(completedSteps: 6) == false)
        #expect(history.noteStepFailure(completedSteps: 6) == true)
    }

    @Test func `an interruption has its first cause and ends once`() {
        var history = FailureHistory(predecessor: nil, now: 0)
        history.beginInterruption(cause: "first", redoneMicroBatches: 8, now: 10)
        history.beginInterruption(cause: "second", redoneMicroBatches: 0, now: 20)
        let recovery = Recovery(
            generation: 3, cause: "first", noticedMilliseconds: 10, recoveredMilliseconds: 50, redoneMicroBatches: 8)
        #expect(history.endInterruption(generation: 3, now: 50) == recovery)
        #expect(history.endInterruption(generation: 3, now: 60) == nil)
    }

    @Test func `an interruption is counted from the last step before it, and the next one from the steps between`() {
        var history = FailureHistory(predecessor: nil, now: 0)
        history.noteCompletedSteps(1, now: 5)
        history.noteCompletedSteps(2, now: 7)
        // The same step, reported by another worker.
        history.noteCompletedSteps(2, now: 9)
        history.beginInterruption(cause: "first", redoneMicroBatches: 8, now: 10)
        // A message that was on its way.
        history.noteCompletedSteps(3, now: 11)
        let first = history.endInterruption(generation: 3, now: 50)
        #expect(first?.lastStepMilliseconds == 7 && first?.noticedMilliseconds == 10)
        history.noteCompletedSteps(4, now: 50)
        history.beginInterruption(cause: "second", redoneMicroBatches: 8, now: 60)
        #expect(history.endInterruption(generation: 4, now: 70)?.lastStepMilliseconds == 50)
    }

    @Test func `a successor counts from what its predecessor recorded last`() {
        func lastStep(_ time: UInt64?) -> UInt64? {
            let loss = CoordinatorLoss(reason: "it was killed", noticedMilliseconds: 40)
            var history = FailureHistory(predecessor: loss, lastStepMilliseconds: time, now: 100)
            return history.endInterruption(generation: 1, now: 200)?.lastStepMilliseconds
        }
        #expect(lastStep(nil) == nil && lastStep(30) == 30 && lastStep(.max) == 40)
    }

    @Test func `a successor's interruption started when its predecessor ended, at the latest now`() {
        func noticed(_ time: UInt64) -> UInt64? {
            let loss = CoordinatorLoss(reason: "it was killed", noticedMilliseconds: time)
            var history = FailureHistory(predecessor: loss, now: 100)
            return history.endInterruption(generation: 1, now: 200)?.noticedMilliseconds
        }
        #expect(noticed(40) == 40 && noticed(.max) == 100)
    }
}
