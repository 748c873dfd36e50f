import Testing

@testable import Cluster

@Suite struct RestartBudgetTests {
    @Test func `grants as many restarts within an hour as the limit says`() {
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

    @Test func `the pause doubles from 100 ms to 5 s, and begins anew after an hour`() {
        var budget = RestartBudget(limit: 1_000_000)
        #expect((0..<8).map { budget.take(now: $0) } == [100, 200, 400, 800, 1600, 3200, 5000, 5000])
        #expect(budget.take(now: 7 + RestartBudget.windowMilliseconds) == 100)
    }
}
