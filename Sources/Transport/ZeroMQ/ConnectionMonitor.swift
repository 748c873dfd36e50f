internal import CZeroMQ
internal import Core

/// An event of a connection of a monitored socket.
package enum ConnectionEvent: Sendable, Hashable {
    /// The handshake succeeded; messages can be exchanged.
    case established
    /// The connection ended.
    case disconnected
    /// The peer answered, but not as it should.
    case handshakeFailed(HandshakeFailure)
    /// Connecting failed; it is tried again if the options ask for that.
    case connectionRefused
}

/// Why two processes that are connected exchange no messages.
package enum HandshakeFailure: Sendable, Hashable {
    /// The peer does not admit this socket's key.
    case notAdmitted
    /// One side has keys, the other has none.
    case otherMechanism
    /// The peer does not follow the protocol, or has not the key that it should have.
    case protocolError
    /// The peer closed the connection at once: so does one with another key than expected.
    case closed
    /// The peer accepted the connection and did not answer in time.
    case unanswered
}

/// Reports the events of the connections of one socket. Used by the socket's thread.
package final class ConnectionMonitor {
    let socket: ZeroMQSocket
    private let watched: ZeroMQSocket
    /// The TCP connection that a connecting socket made last, as far as its events were read; nil where there is none.
    package private(set) var connection: TCPConnection?
    /// When the event of a connection was read that has not ended its handshake.
    private var handshakeStart: MonotonicTime?

    /// Whether the peer has accepted a connection, and for longer than a moment has neither answered nor closed it.
    package var isUnanswered: Bool {
        let least = SocketOptions.handshakeTimeoutMilliseconds / 2
        return handshakeStart.map { MonotonicTime.now >= $0.advanced(byMilliseconds: least) } ?? false
    }

    /// Starts to watch a socket. To be created before the socket binds or connects.
    package init(of watched: ZeroMQSocket) throws(TransportError) {
        let name = "inproc://monitor-\(watched.context.uniqueNumber())"
        let events =
            ZMQ_EVENT_CONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED
            | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
            | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
        socket = try ZeroMQSocket(watched.context, .pair, options: SocketOptions())
        self.watched = watched
        try watched.startMonitoring(at: name, events: events)
        guard zmq_connect(socket.handle, name) == 0 else { throw .current("watch", watched.endpoint) }
    }

    deinit {
        watched.stopMonitoring()
    }

    /// Stops watching. To be called before the watched socket is closed.
    package func close() {
        watched.stopMonitoring()
        socket.close()
    }

    /// The next event without waiting; nil when there is none. Allocates only for a connection that was made.
    package func next() throws(TransportError) -> ConnectionEvent? {
        while true {
            var first = Message()
            guard try socket.receive(into: &first) else { return nil }
            if first.hasMore { try socket.skipRest() }
            guard first.byteCount >= 6 else { continue }
            let (code, value) = first.withUnsafeBytes { bytes in
                (
                    Int32(bytes.loadUnaligned(fromByteOffset: 0, as: UInt16.self)),
                    bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self)
                )
            }
            let wasUnanswered = isUnanswered
            handshakeStart = code == ZMQ_EVENT_CONNECTED ? MonotonicTime.now : nil
            switch code {
            case ZMQ_EVENT_CONNECTED: connection = TCPConnection(descriptor: Int32(bitPattern: value))
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .established
            case ZMQ_EVENT_DISCONNECTED:
                connection = nil
                return .disconnected
            case ZMQ_EVENT_CLOSED: return .connectionRefused
            case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .handshakeFailed(.notAdmitted)
            case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
                let isOther = value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
                return .handshakeFailed(isOther ? .otherMechanism : .protocolError)
            default: return .handshakeFailed(wasUnanswered ? .unanswered : .closed)
            }
        }
    }
}
