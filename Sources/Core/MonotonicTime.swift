import Glibc

/// A moment of the host's monotonic clock (`CLOCK_MONOTONIC`), which is never set back and is the same for all
/// processes of one host.
///
/// Machines without I/O take moments as arguments; only drivers call `now`.
package struct MonotonicTime: Sendable, Hashable, Comparable {
    /// Nanoseconds since the clock's origin.
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static var now: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Whole milliseconds since the clock's origin, rounded down.
    package var milliseconds: UInt64 { UInt64(nanoseconds / 1_000_000) }

    /// Nanoseconds from this moment to now.
    package var elapsedNanoseconds: Int64 { Self.now.nanoseconds - nanoseconds }

    /// Whole milliseconds from this moment to now, rounded down.
    package var elapsedMilliseconds: Int { Int(elapsedNanoseconds / 1_000_000) }

    /// The moment some milliseconds later, or the last one that can be represented.
    package func advanced(byMilliseconds milliseconds: Int) -> MonotonicTime {
        let (product, isTooLong) = Int64(milliseconds).multipliedReportingOverflow(by: 1_000_000)
        let (sum, isTooLate) = nanoseconds.addingReportingOverflow(isTooLong ? .max : product)
        return MonotonicTime(nanoseconds: isTooLate ? .max : sum)
    }

    /// Nanoseconds that the calling thread has spent on a processor. The time of other processes does not count, so
    /// benchmarks of computation use it on hosts that are not idle.
    package static var processorNanosecondsOfThread: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}
