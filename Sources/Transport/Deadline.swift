internal import CZeroMQ

/// A moment of the monotonic clock until which something may be waited for.
package struct Deadline: Sendable, Hashable {
    /// Nanoseconds of the monotonic clock.
    package var nanoseconds: Int64

    /// So many milliseconds from now.
    package init(afterMilliseconds milliseconds: Int) {
        let (product, overflow) = Int64(milliseconds).multipliedReportingOverflow(by: 1_000_000)
        let (sum, tooLate) = selvedge_monotonic_nanoseconds().addingReportingOverflow(overflow ? .max : product)
        nanoseconds = tooLate ? .max : sum
    }

    /// Whole milliseconds left, rounded up and at least 0, as far as `zmq_poll` can wait at once.
    package var remainingMilliseconds: Int {
        let left = nanoseconds - selvedge_monotonic_nanoseconds()
        if left <= 0 { return 0 }
        return Int(min(left / 1_000_000 + 1, 1_000_000))
    }

    /// Whether the moment has come.
    package var hasPassed: Bool { selvedge_monotonic_nanoseconds() >= nanoseconds }
}

/// What a thread that waits without sleeping does in between.
package enum ThreadScheduling {
    /// Lets another thread of this core run, if one is ready.
    package static func yield() { selvedge_yield() }
}

/// The monotonic clock.
package enum MonotonicClock {
    /// Nanoseconds since some moment that is the same for all processes of this host.
    package static var nanoseconds: Int64 { selvedge_monotonic_nanoseconds() }
}
