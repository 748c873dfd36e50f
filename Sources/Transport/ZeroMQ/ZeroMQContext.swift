internal import CZeroMQ
import Synchronization

/// libzmq's context: its I/O threads and all messages in flight. One a process, alive as long as the process uses the
/// network.
package final class ZeroMQContext: @unchecked Sendable {
    // zmq_ctx_* may be called from any thread.
    let handle: UnsafeMutableRawPointer
    private let names: UnsafeMutablePointer<selvedge_counter>
    private let startedAuthenticator = Mutex<Authenticator?>(nil)

    /// Starts `ioThreadCount` threads that move bytes; one is enough for a few gigabytes a second. Throws
    /// `libraryTooOld`.
    package init(ioThreadCount: Int = 1) throws(TransportError) {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        zmq_version(&major, &minor, &patch)
        guard (major, minor, patch) >= (4, 3, 3) else {
            throw .libraryTooOld(version: "\(major).\(minor).\(patch)")
        }
        guard let handle = zmq_ctx_new() else { throw .current("create", "a ZeroMQ context") }
        self.handle = handle
        // libzmq allocates received frames; without this each would be mapped and faulted in again.
        selvedge_keep_message_memory()
        names = .allocate(capacity: 1)
        names.initialize(to: selvedge_counter())
        zmq_ctx_set(handle, ZMQ_IO_THREADS, Int32(ioThreadCount))
        zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, Self.socketLimit)
        // A short message would keep the buffer of 8 KiB in which it was received. Long ones are received where they stay.
        guard zmq_ctx_set(handle, selvedge_zero_copy_receive, 0) == 0 else {
            throw .current("set an option of", "a ZeroMQ context")
        }
    }

    deinit {
        if let authenticator = startedAuthenticator.withLock({ $0 }) {
            zmq_ctx_shutdown(handle)
            // The end of the context would wait for the socket of a thread that hangs.
            guard authenticator.join() else { return }
        }
        // Interrupted calls are repeated; all sockets are closed, so this ends.
        while zmq_ctx_term(handle) != 0 && zmq_errno() == selvedge_interrupted {}
        names.deallocate()
    }

    /// Three sockets (one that sends, a monitor's two ends) for each link of a full view in two generations; libzmq's
    /// own limit is 1,023.
    private static let socketLimit: Int32 = 8192

    /// The version of the library in use.
    package static var libraryVersion: String {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        zmq_version(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }

    /// Whether the library in use was built with CURVE, which keys need.
    package static var hasCURVE: Bool { zmq_has("curve") == 1 }

    /// The handler that admits peers of sockets with keys; started by the first such socket before it listens.
    func authenticator() throws(TransportError) -> Authenticator {
        try startedAuthenticator.withLock { started throws(TransportError) in
            if let started { return started }
            let authenticator = try Authenticator(context: handle)
            started = authenticator
            return authenticator
        }
    }

    /// The handler, if a socket has started it.
    var runningAuthenticator: Authenticator? { startedAuthenticator.withLock { $0 } }

    /// A number that is unique in this context.
    func uniqueNumber() -> UInt64 {
        selvedge_counter_next(names)
    }
}

extension TransportError {
    /// The error of the libzmq call that just failed on this thread.
    static func current(_ operation: String, _ endpoint: String) -> TransportError {
        .failed(operation: operation, endpoint: endpoint, reason: String(cString: zmq_strerror(zmq_errno())))
    }
}
