internal import CZeroMQ

extension ZeroMQSocket {
    /// Sets everything before the socket binds or connects; libzmq may crash on some options changed later.
    func apply(_ options: SocketOptions) throws(TransportError) {
        try set(ZMQ_SNDHWM, options.sendHighWaterMark)
        try set(ZMQ_RCVHWM, options.receiveHighWaterMark)
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
        try applyLiveness()
    }

    private func applyLiveness() throws(TransportError) {
        try set(ZMQ_HEARTBEAT_IVL, SocketOptions.heartbeatIntervalMilliseconds)
        try set(ZMQ_HEARTBEAT_TIMEOUT, SocketOptions.heartbeatTimeoutMilliseconds)
        try set(ZMQ_HEARTBEAT_TTL, SocketOptions.heartbeatTimeoutMilliseconds)
        try set(ZMQ_HANDSHAKE_IVL, SocketOptions.handshakeTimeoutMilliseconds)
        try set(ZMQ_CONNECT_TIMEOUT, SocketOptions.connectTimeoutMilliseconds)
        try set(ZMQ_TCP_MAXRT, SocketOptions.retransmissionLimitMilliseconds)
        try set(ZMQ_TCP_KEEPALIVE, 1)
        try set(ZMQ_TCP_KEEPALIVE_IDLE, SocketOptions.keepaliveIdleSeconds)
        try set(ZMQ_TCP_KEEPALIVE_INTVL, SocketOptions.keepaliveIntervalSeconds)
        try set(ZMQ_TCP_KEEPALIVE_CNT, SocketOptions.keepaliveProbeCount)
    }
}
