internal import CZeroMQ
package import Core

/// A moment of the monotonic clock until which something may be waited for.
package struct Deadline: Sendable, Hashable {
    package var moment: MonotonicTime

    /// A number of milliseconds from now.
    package init(afterMilliseconds milliseconds: Int) {
        moment = MonotonicTime.now.advanced(byMilliseconds: milliseconds)
    }

    /// Whole milliseconds left, rounded up, at least 0 and at most 1,000,000: an argument for `zmq_poll`.
    package var remainingMilliseconds: Int {
        let left = moment.nanoseconds - MonotonicTime.now.nanoseconds
        if left <= 0 { return 0 }
        return Int(min(left / 1_000_000 + 1, 1_000_000))
    }

    /// Whether the moment is over.
    package var hasPassed: Bool { MonotonicTime.now >= moment }
}

/// What a thread does while it waits without sleeping.
package enum ThreadScheduling {
    /// Runs another thread that is ready on this core, if there is one.
    package static func yield() { selvedge_yield() }
}
