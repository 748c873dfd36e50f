import Core

/// The sending side of a measurement of bandwidth: payloads are sent for a while, few at a time, and each is answered.
///
/// Few at a time, so that a narrow link is not filled for seconds; enough to fill a fast one.
struct PayloadWindow: Sendable, Equatable {
    private let startNanoseconds: Int64
    private let endNanoseconds: Int64
    private var unansweredCount = 0
    private var takenByteCount = 0
    private var lastAnswerNanoseconds: Int64

    private static let openCount = 16
    /// How long the answers to the last payloads may take.
    private static let latestNanoseconds: Int64 = 8_000_000_000

    init(milliseconds: Int, now: MonotonicTime) {
        startNanoseconds = now.nanoseconds
        endNanoseconds = now.advanced(byMilliseconds: milliseconds).nanoseconds
        lastAnswerNanoseconds = now.nanoseconds
    }

    /// Whether another payload may be sent.
    func isOpen(now: MonotonicTime) -> Bool {
        now.nanoseconds < endNanoseconds && unansweredCount < Self.openCount
    }

    mutating func noteSent() {
        unansweredCount += 1
    }

    mutating func noteTaken(byteCount: Int, now: MonotonicTime) {
        guard unansweredCount > 0 else { return }
        unansweredCount -= 1
        takenByteCount += byteCount
        lastAnswerNanoseconds = now.nanoseconds
    }

    /// Whether everything was answered, or will not be.
    func isOver(now: MonotonicTime) -> Bool {
        now.nanoseconds >= endNanoseconds
            && (unansweredCount == 0 || now.nanoseconds >= endNanoseconds + Self.latestNanoseconds)
    }

    /// Until the last answer; 0 without one.
    var megabitsPerSecond: Double {
        let nanoseconds = lastAnswerNanoseconds - startNanoseconds
        return nanoseconds > 0 ? Double(takenByteCount) * 8 * 1000 / Double(nanoseconds) : 0
    }
}
