import Testing

@testable import Coordination

@Suite struct RestartBudgetTests {
    @Test func `grants at most the limit's restarts within an hour`() {
        var budget = RestartBudget(limit: 3)
        #expect((0..<5).map { budget.take(now: $0) != nil } == [true, true, true, false, false])
    }

    @Test func `a limit of 0 grants none`() {
        var budget = RestartBudget(limit: 0)
        #expect(budget.take(now: 5) == nil)
    }

    @Test func `a restart counts for an hour, not longer`() {
        var budget = RestartBudget(limit: 2)
        #expect(budget.take(now: 10) != nil)
        #expect(budget.take(now: 1000) != nil)
        #expect(budget.take(now: 10 + RestartBudget.windowMilliseconds - 1) == nil)
        #expect(budget.take(now: 10 + RestartBudget.windowMilliseconds) != nil)
        #expect(budget.take(now: 10 + RestartBudget.windowMilliseconds) == nil)
    }

    @Test func `the pause doubles from 100 ms to 5 s, and starts again at 100 ms after an hour`() {
        var budget = RestartBudget(limit: 1_000_000)
        #expect((0..<8).map { budget.take(now: $0) } == [100, 200, 400, 800, 1600, 3200, 5000, 5000])
        #expect(budget.take(now: 7 + RestartBudget.windowMilliseconds) == 100)
    }
}

@Suite struct WorkerSlotTests {
    @Test func `a restart is due after the budget's pause, once`() {
        var slot = WorkerSlot(restartLimit: 1)
        slot.started(7)
        slot.lost()
        #expect(slot.isGone)
        #expect(slot.scheduleRestart(now: 1000) == .scheduled)
        #expect(slot.deadline == 1100)
        #expect(slot.takeDueStart(now: 1099) == false)
        #expect(slot.takeDueStart(now: 1100) == true)
        #expect(slot.takeDueStart(now: 1100) == false)
        slot.started(8)
        #expect(slot.processIdentifier == 8)
        slot.lost()
        #expect(slot.scheduleRestart(now: 2000) == .exhausted(limit: 1))
        #expect(slot.isGone && slot.deadline == nil)
    }

    @Test func `only a worker that exited with success is recalled, at no cost to its budget`() {
        var slot = WorkerSlot(restartLimit: 0)
        slot.started(7)
        slot.recall(at: 50)
        #expect(slot.processIdentifier == 7)
        slot.left()
        slot.recall(at: 50)
        #expect(slot.takeDueStart(now: 50) == true)
    }

    @Test func `a cancelled restart leaves the worker gone`() {
        var slot = WorkerSlot(restartLimit: 1)
        slot.started(7)
        slot.lost()
        _ = slot.scheduleRestart(now: 0)
        slot.cancelRestart()
        #expect(slot.isGone)
    }
}

@Suite struct CoordinatorSlotTests {
    @Test func `a suspension is reported with the end of the process`() throws {
        var slot = CoordinatorSlot(restartLimit: 1)
        #expect(slot.started(5) == false)
        slot.stopped()
        let ended = try #require(slot.ended)
        #expect(ended == (5, true))
    }

    @Test func `a successor remembers a predecessor that was lost, not one that exited`() {
        var slot = CoordinatorSlot(restartLimit: 2)
        _ = slot.started(5)
        #expect(slot.scheduleSuccessor(otherwise: .coordinatorLost("it was killed"), now: 10) == 110)
        #expect(slot.predecessor == CoordinatorLoss(reason: "it was killed", noticedMilliseconds: 10))
        #expect(slot.dueOutcome(now: 109) == nil)
        #expect(slot.dueOutcome(now: 110) == .coordinatorLost("it was killed"))
        slot.startSuccessor()
        #expect(slot.started(6) == true)
        #expect(slot.scheduleSuccessor(otherwise: .exited(75), now: 200) == 400)
        #expect(slot.predecessor == nil)
        #expect(slot.scheduleSuccessor(otherwise: .exited(75), now: 300) == nil)
    }
}
