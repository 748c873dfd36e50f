/// What a socket is told before it binds or connects. Every limit is finite; the defaults suit control sockets.
package struct SocketOptions: Sendable, Equatable {
    /// Messages queued for one peer before sending would block.
    package var sendHighWaterMark = 64
    /// Messages from one peer queued before its connection is no longer read.
    package var receiveHighWaterMark = 64
    /// Frames longer than this end the connection, before anything is allocated.
    package var maximumMessageByteCount = 1 << 20
    /// How long closing waits for unsent messages.
    package var lingerMilliseconds = 0
    /// Blocking calls give up after this time.
    package var timeoutMilliseconds = 5000
    /// How long to wait before connecting again; nil: a broken connection stays broken.
    package var reconnectMilliseconds: Int? = 100
    /// The longest wait between attempts to connect.
    package var maximumReconnectMilliseconds = 2000
    /// The kernel's buffers; nil leaves the system's own sizing.
    package var kernelBufferByteCount: Int?
    /// ROUTER refuses messages to unknown or full peers instead of dropping them.
    package var isMandatory = true

    package init() {}

    /// For sockets that carry tensors in frames of up to `maximumPayloadByteCount` bytes.
    ///
    /// `highWaterMark` is at least the frames of two steps from one peer, so that a connection is never left unread.
    package static func data(highWaterMark: Int, maximumPayloadByteCount: Int) -> SocketOptions {
        var options = SocketOptions()
        options.sendHighWaterMark = highWaterMark
        options.receiveHighWaterMark = highWaterMark
        // 64 bytes of header and 33 that CURVE adds to a frame.
        options.maximumMessageByteCount = maximumPayloadByteCount + 64 + 33
        options.reconnectMilliseconds = nil
        options.kernelBufferByteCount = 1 << 20
        return options
    }

    // Heartbeats of the wire protocol find dead connections; heartbeats of the application, which carry progress, decide.
    static let heartbeatIntervalMilliseconds = 1000
    static let heartbeatTimeoutMilliseconds = 5000
    static let handshakeTimeoutMilliseconds = 3000
    static let connectTimeoutMilliseconds = 3000
    static let retransmissionLimitMilliseconds = 20_000
    static let keepaliveIdleSeconds = 10
    static let keepaliveIntervalSeconds = 3
    static let keepaliveProbeCount = 3
}
