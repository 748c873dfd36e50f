import Testing

@testable import Cluster
@testable import Coordination

@Suite("Lines of the log")
struct LogRateTests {
    private func line(_ text: String, _ level: LogEntry.Level = .warning) -> LogEntry {
        LogEntry(level: level, text: text)
    }

    @Test("A flood is cut off after a burst, and a later line says how many lines were left out")
    func flood() {
        var rate = LogRate(now: 1000)
        let logged = (0..<10_000).map { rate.lines(for: line("\($0)"), now: 1000).count }
        #expect(logged.reduce(0, +) == Int(LogRate.burstLineCount))
        #expect(rate.omittedLineCount == 10_000 - Int(LogRate.burstLineCount))
        // Room for one line, which follows the count.
        let later = rate.lines(for: line("later"), now: 1000 + 1000 / LogRate.linesPerSecond)
        #expect(later.map(\.text) == ["5904 lines were left out here: more than 20 a second", "later"])
        #expect(rate.takeOmission() == nil)
    }

    @Test("Over a minute of a flood as many lines are logged as a minute has seconds, times the rate")
    func steadyFlood() {
        var rate = LogRate(now: 0)
        var count = 0
        for time in 0..<60_000 as Range<UInt64> {
            for _ in 0..<10 { count += rate.lines(for: line("again"), now: time).count { $0.text == "again" } }
        }
        #expect(count <= Int(LogRate.burstLineCount + 60 * LogRate.linesPerSecond))
    }

    @Test("A failure is logged in any case, and a clock that stands still or goes back gives no lines")
    func failures() {
        var rate = LogRate(now: 1000)
        for _ in 0..<5000 { _ = rate.lines(for: line("x"), now: 1000) }
        #expect(rate.lines(for: line("x"), now: 10).isEmpty)
        #expect(rate.lines(for: line("the end", .failure), now: 1000).last?.text == "the end")
        for _ in 0..<3 { _ = rate.lines(for: line("x"), now: 1000) }
        #expect(rate.takeOmission()?.text == "3 lines were left out here: more than 20 a second")
    }
}
