internal import CPlatform
internal import CZeroMQ
package import Core
import Glibc

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

/// What this process receives before it takes it.
package enum UnreadBytes {
    /// For frames of workers whose model is not known yet.
    package static let smallLimit = 32 << 20
    /// For control messages: twice what a worker sends of a state before that is acknowledged.
    package static let controlLimit = 8 << 20

    /// Breaks connections of other hosts that have more unread bytes than this; when all together have twice as many,
    /// breaks those that have more than an equal share, and closes new ones. Messages in the queue count, also those of
    /// closed connections, and messages whose frames never end: libzmq itself counts complete messages only. A frame
    /// counts what libzmq needs for it besides its bytes. Not called, there is no limit.
    package static func limit(toByteCount count: Int) {
        selvedge_set_unread_limit(Int64(count))
    }
}

/// What a thread does while it waits without sleeping.
package enum ThreadScheduling {
    /// Runs another thread that is ready on this core, if there is one.
    package static func yield() { selvedge_yield() }

    /// Whether this process may use a processor for each of so many threads of the host, so that waiting threads may
    /// spin.
    package static func hasProcessors(forThreads count: Int) -> Bool { count <= Int(selvedge_processor_count()) }

    /// Lets the processor rest for some cycles.
    static func pause() { selvedge_spin_pause() }
}

/// Wakes a thread that waits in a poll, from any other thread (an eventfd).
package final class InterruptEvent: Sendable {
    let descriptor: Int32

    package init() throws(TransportError) {
        descriptor = selvedge_event_create()
        if descriptor < 0 {
            throw .failed(
                operation: "create", endpoint: "an event descriptor", reason: String(cString: strerror(errno)))
        }
    }

    deinit {
        selvedge_event_close(descriptor)
    }

    /// Wakes the waiting thread; the event stays signalled until `clear`.
    package func signal() {
        precondition(selvedge_event_signal(descriptor) == 0, "an event descriptor takes a signal at any time")
    }

    /// Clears the event. Returns whether it was signalled.
    @discardableResult
    package func clear() -> Bool {
        selvedge_event_clear(descriptor) != 0
    }

    /// Whether it is signalled now.
    package var isSignalled: Bool { selvedge_descriptor_readable(descriptor) != 0 }
}
