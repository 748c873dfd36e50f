internal import CZeroMQ
package import Core

/// The options of a socket, set before it binds or connects. The defaults suit control sockets.
package struct SocketOptions: Sendable {
    /// The most messages queued for one peer; then the socket takes no more.
    package var sendHighWaterMark = 64
    /// A longer frame ends the connection before memory is allocated for it.
    package var maximumMessageByteCount = 1 << 20
    /// How long closing waits for unsent messages to be sent.
    package var lingerMilliseconds = 0
    /// The longest time of a blocking call.
    package var timeoutMilliseconds = 5000
    /// The pause before connecting again; nil: a broken connection stays broken.
    package var reconnectMilliseconds: Int? = 100
    /// The longest wait between attempts to connect.
    package var maximumReconnectMilliseconds = 2000
    /// How long the kernel sends data again that the other side does not confirm; then the connection ends.
    package var retransmissionMilliseconds = 20_000
    /// The kernel's buffers; nil leaves the system's own sizing.
    package var kernelBufferByteCount: Int?
    /// ROUTER refuses messages to unknown or full peers instead of dropping them.
    package var isMandatory = true
    /// Who may be at the other end.
    package var security = SocketSecurity.none

    package init() {}

    /// For sockets that carry tensors in frames of up to `maximumPayloadByteCount` bytes.
    ///
    /// `highWaterMark` is at least the number of frames of two steps to one peer.
    package static func data(highWaterMark: Int, maximumPayloadByteCount: Int) -> SocketOptions {
        var options = SocketOptions()
        options.sendHighWaterMark = highWaterMark
        // With 64 bytes of header.
        options.maximumMessageByteCount = maximumPayloadByteCount + 64 + curveByteCount
        options.reconnectMilliseconds = nil
        // Every step needs every link. The kernel confirms what a busy process has not read yet, so that only the
        // network's silence counts, and for as long as that of a worker.
        options.retransmissionMilliseconds = 1900
        options.kernelBufferByteCount = 1 << 20
        return options
    }

    /// Bytes that CURVE adds to a frame.
    static let curveByteCount = 33

    // The wire protocol's heartbeats detect dead connections. The application's heartbeats decide whether a peer is
    // unresponsive.
    static let heartbeatIntervalMilliseconds = 1000
    static let heartbeatTimeoutMilliseconds = 5000
    static let handshakeTimeoutMilliseconds = 3000
    static let connectTimeoutMilliseconds = 3000
    static let keepaliveIdleSeconds = 10
    static let keepaliveIntervalSeconds = 3
    static let keepaliveProbeCount = 3
}

/// How a socket's connections are protected.
package enum SocketSecurity: Sendable {
    /// Not at all.
    case none
    /// CURVE: every peer has to know the public half, and to have an admitted key.
    case listening(KeyPair, AdmissionList)
    /// CURVE: the peer has to have the other key's secret half.
    case connecting(KeyPair, to: PublicKey)
}

extension ZeroMQSocket {
    /// Sets all options. Called before the socket binds or connects; libzmq may crash when some are changed later.
    func apply(_ options: SocketOptions) throws(TransportError) {
        try set(ZMQ_SNDHWM, options.sendHighWaterMark)
        // libzmq would stop reading a connection at its mark, and abort when that one breaks before it is read again.
        // `UnreadBytes` bounds what many peers send.
        try set(ZMQ_RCVHWM, 0)
        var limit = Int64(options.maximumMessageByteCount)
        guard zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &limit, MemoryLayout<Int64>.size) == 0 else {
            throw .current("set the largest message of", endpoint)
        }
        try set(ZMQ_LINGER, options.lingerMilliseconds)
        try set(ZMQ_SNDTIMEO, options.timeoutMilliseconds)
        try set(ZMQ_RCVTIMEO, options.timeoutMilliseconds)
        try set(ZMQ_IPV6, 0)
        try set(ZMQ_IMMEDIATE, 1)
        try set(ZMQ_RECONNECT_IVL, options.reconnectMilliseconds ?? -1)
        try set(ZMQ_RECONNECT_IVL_MAX, options.reconnectMilliseconds == nil ? 0 : options.maximumReconnectMilliseconds)
        if let bytes = options.kernelBufferByteCount {
            try set(ZMQ_SNDBUF, bytes)
            try set(ZMQ_RCVBUF, bytes)
        }
        if kind == .router { try set(ZMQ_ROUTER_MANDATORY, options.isMandatory ? 1 : 0) }
        try applyLiveness(options)
        try apply(options.security)
    }

    private func apply(_ security: SocketSecurity) throws(TransportError) {
        switch security {
        case .none: break
        case .listening(let pair, let admitted):
            // Without a handler and without a domain libzmq would admit every connection.
            try context.authenticator().register(admitted)
            try set(ZMQ_CURVE_SERVER, 1)
            try set(ZMQ_CURVE_SECRETKEY, text: pair.secretText)
            try set(ZMQ_ZAP_DOMAIN, text: admitted.domain)
            try set(selvedge_zap_enforce_domain, 1)
        case .connecting(let pair, let peer):
            try set(ZMQ_CURVE_SERVERKEY, text: peer.description)
            try set(ZMQ_CURVE_PUBLICKEY, text: pair.publicKey.description)
            try set(ZMQ_CURVE_SECRETKEY, text: pair.secretText)
        }
    }

    private func applyLiveness(_ options: SocketOptions) throws(TransportError) {
        try set(ZMQ_HEARTBEAT_IVL, SocketOptions.heartbeatIntervalMilliseconds)
        try set(ZMQ_HEARTBEAT_TIMEOUT, SocketOptions.heartbeatTimeoutMilliseconds)
        try set(ZMQ_HEARTBEAT_TTL, SocketOptions.heartbeatTimeoutMilliseconds)
        try set(ZMQ_HANDSHAKE_IVL, SocketOptions.handshakeTimeoutMilliseconds)
        try set(ZMQ_CONNECT_TIMEOUT, SocketOptions.connectTimeoutMilliseconds)
        try set(ZMQ_TCP_MAXRT, options.retransmissionMilliseconds)
        try set(ZMQ_TCP_KEEPALIVE, 1)
        try set(ZMQ_TCP_KEEPALIVE_IDLE, SocketOptions.keepaliveIdleSeconds)
        try set(ZMQ_TCP_KEEPALIVE_INTVL, SocketOptions.keepaliveIntervalSeconds)
        try set(ZMQ_TCP_KEEPALIVE_CNT, SocketOptions.keepaliveProbeCount)
    }
}
