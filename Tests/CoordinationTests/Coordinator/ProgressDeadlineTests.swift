import Testing

@testable import Coordination

@Suite struct ProgressDeadlineTests {
    private func deadline(views: Int) -> ProgressDeadline {
        var deadline = ProgressDeadline(milliseconds: 1000, now: 0)
        for _ in 0..<views { deadline.noteView() }
        return deadline
    }

    @Test func `views without a complete step end the run after the deadline, and the worst failure is named`() {
        var deadline = deadline(views: 3)
        for _ in 0..<2 { deadline.noteFailure(of: "the link", "refused") }
        deadline.noteFailure(of: "a worker", "silent")
        #expect(deadline.finding(now: 999) == nil)
        let finding = deadline.finding(now: 1000)
        #expect(finding?.viewCount == 3 && finding?.milliseconds == 1000)
        #expect(
            finding?.worst?.subject == "the link" && finding?.worst?.count == 2 && finding?.worst?.cause == "refused")
    }

    @Test func `a long step in few views is not the end`() {
        #expect(deadline(views: 2).finding(now: 1_000_000) == nil)
    }

    @Test func `a complete step starts the time again, and the same number of steps does not`() {
        var deadline = deadline(views: 3)
        deadline.note(completedSteps: 5, now: 900)
        #expect(deadline.finding(now: 1800) == nil)
        for _ in 0..<3 { deadline.noteView() }
        deadline.note(completedSteps: 5, now: 1500)
        #expect(deadline.finding(now: 1900)?.viewCount == 3)
        #expect(deadline.finding(now: 1900)?.worst == nil)
    }

    @Test func `time in which the run waits for workers does not count`() {
        var deadline = deadline(views: 3)
        deadline.tick(waitsForWorkers: false, now: 500)
        deadline.tick(waitsForWorkers: true, now: 900)
        #expect(deadline.finding(now: 1399) == nil)
        #expect(deadline.finding(now: 1400) != nil)
    }
}
