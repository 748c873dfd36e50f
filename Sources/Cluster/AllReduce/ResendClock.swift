import Core
import Transport

/// When a waiting worker requests the missing frames: after a pause without useful frames, doubled with each request.
struct ResendClock {
    private let firstMilliseconds: Int
    private var milliseconds: Int
    private var keptFrameCount: Int
    /// The time of the next request.
    private(set) var next: Deadline

    init(firstMilliseconds: Int, keptFrameCount: Int) {
        self.firstMilliseconds = firstMilliseconds
        self.keptFrameCount = keptFrameCount
        milliseconds = firstMilliseconds
        next = Deadline(afterMilliseconds: milliseconds)
    }

    /// Starts again when a useful frame arrived.
    mutating func note(keptFrameCount: Int) {
        guard keptFrameCount != self.keptFrameCount else { return }
        self = ResendClock(firstMilliseconds: firstMilliseconds, keptFrameCount: keptFrameCount)
    }

    /// Doubles the pause, up to ten times the first one.
    mutating func noteRequest() {
        milliseconds = min(2 * milliseconds, 10 * firstMilliseconds)
        next = Deadline(afterMilliseconds: milliseconds)
    }
}
