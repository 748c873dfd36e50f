internal import CZeroMQ

/// Wakes a thread that waits in a poll, from any other thread or a signal-free callback (an eventfd).
package final class InterruptEvent: Sendable {
    let descriptor: Int32

    package init() throws(TransportError) {
        descriptor = selvedge_event_create()
        if descriptor < 0 { throw .current("create", "an event descriptor") }
    }

    deinit {
        selvedge_event_close(descriptor)
    }

    /// Wakes the waiting thread; stays signalled until `clear`.
    package func signal() {
        precondition(selvedge_event_signal(descriptor) == 0, "an event descriptor takes a signal at any time")
    }

    /// Takes the signal back; says whether there was one.
    @discardableResult
    package func clear() -> Bool {
        selvedge_event_clear(descriptor) != 0
    }

    /// Whether it is signalled now.
    package var isSignalled: Bool { selvedge_descriptor_readable(descriptor) != 0 }
}
