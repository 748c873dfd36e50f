import Coordination

/// Bounds how many lines a coordinator logs: a burst, then so many a second. A later line says how many were left out.
///
/// Failures are always logged: a run has few. Times are milliseconds of the monotonic clock.
struct LogRate {
    /// More lines than the joining of a full run has.
    static let burstLineCount: UInt64 = 4096
    static let linesPerSecond: UInt64 = 20

    /// Thousandths of lines that may be logged now.
    private var credit = LogRate.burstLineCount * 1000
    private var lastMilliseconds: UInt64
    private(set) var omittedLineCount = 0

    init(now: UInt64) {
        lastMilliseconds = now
    }

    /// The lines to write for a new one: none, the line, or a count of those left out before it.
    mutating func lines(for entry: LogEntry, now: UInt64) -> [LogEntry] {
        let elapsed = now - min(now, lastMilliseconds)
        lastMilliseconds = max(now, lastMilliseconds)
        credit = min(Self.burstLineCount * 1000, credit + min(elapsed, 1 << 32) * Self.linesPerSecond)
        guard credit >= 1000 || entry.level == .failure else {
            omittedLineCount += 1
            return []
        }
        credit -= min(credit, 1000)
        return (takeOmission().map { [$0] } ?? []) + [entry]
    }

    /// A line about those left out so far; nil when there are none.
    mutating func takeOmission() -> LogEntry? {
        guard omittedLineCount > 0 else { return nil }
        defer { omittedLineCount = 0 }
        return LogEntry(
            level: .warning,
            text: "\(omittedLineCount) lines were left out here: more than \(Self.linesPerSecond) a second")
    }
}
