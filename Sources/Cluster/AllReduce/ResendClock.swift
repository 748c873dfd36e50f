import Transport

/// When a worker that waits asks for what is missing.
struct ResendClock {
    private let firstMilliseconds: Int
    private var milliseconds: Int
    private var keptFrameCount: Int
    /// When to ask next.
    private(set) var moment: Deadline

    init(firstMilliseconds: Int, keptFrameCount: Int) {
        self.firstMilliseconds = firstMilliseconds
        self.keptFrameCount = keptFrameCount
        milliseconds = firstMilliseconds
        moment = Deadline(afterMilliseconds: milliseconds)
    }

    /// Begins anew when a frame came that was of use.
    mutating func note(keptFrameCount: Int) {
        guard keptFrameCount != self.keptFrameCount else { return }
        self = ResendClock(firstMilliseconds: firstMilliseconds, keptFrameCount: keptFrameCount)
    }

    /// Waits twice as long for the next time.
    mutating func asked() {
        milliseconds = min(2 * milliseconds, 10 * firstMilliseconds)
        moment = Deadline(afterMilliseconds: milliseconds)
    }
}
