import CPlatform
import Glibc

/// A descriptor that another thread makes readable, so that a wait on sockets ends (an eventfd).
final class WakeUp: Sendable {
    let descriptor: Int32

    init() throws(ClusterError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC.rawValue | EFD_NONBLOCK.rawValue))
        guard descriptor >= 0 else { throw .system("make an event descriptor", errno) }
    }

    deinit {
        close(descriptor)
    }

    /// Makes the descriptor readable. Callable from any thread.
    func signal() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// Makes the descriptor unreadable again; returns whether it had been signalled.
    @discardableResult
    func clear() -> Bool {
        var count: UInt64 = 0
        return read(descriptor, &count, 8) == 8
    }

    /// Waits until it is signalled or the time is over, then clears it.
    @discardableResult
    func wait(timeoutMilliseconds: Int) -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&item, 1, Int32(clamping: timeoutMilliseconds))
        return clear()
    }
}
