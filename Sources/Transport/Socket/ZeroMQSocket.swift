internal import CZeroMQ

/// The kinds of sockets in use.
package enum SocketKind: Sendable, Hashable {
    /// Sends to the peers it is connected to.
    case push
    /// Receives from everyone who connects.
    case pull
    /// Asynchronous request and answer, connecting side.
    case dealer
    /// Asynchronous request and answer, listening side; the first frame names the peer.
    case router
    /// One to one.
    case pair

    var code: Int32 {
        switch self {
        case .push: ZMQ_PUSH
        case .pull: ZMQ_PULL
        case .dealer: ZMQ_DEALER
        case .router: ZMQ_ROUTER
        case .pair: ZMQ_PAIR
        }
    }
}

/// One ZeroMQ socket. Used by one thread only, the one that made it, until it is closed.
package final class ZeroMQSocket {
    let handle: UnsafeMutableRawPointer
    package let kind: SocketKind
    /// Where it listens or connects to, for messages.
    package private(set) var endpoint: String
    let context: ZeroMQContext
    private(set) var isClosed = false
    private var isMonitored = false

    /// A socket with all its options set, neither listening nor connected.
    package init(_ context: ZeroMQContext, _ kind: SocketKind, options: SocketOptions) throws(TransportError) {
        guard let handle = zmq_socket(context.handle, kind.code) else { throw .current("create", "a socket") }
        self.handle = handle
        self.kind = kind
        self.context = context
        endpoint = "a new \(kind) socket"
        do {
            try apply(options)
        } catch {
            close()
            throw error
        }
    }

    deinit {
        close()
    }

    /// Closes the socket, and lets libzmq go on sending what was taken for so long.
    package func close(lingerMilliseconds: Int) {
        guard !isClosed else { return }
        var linger = Int32(clamping: lingerMilliseconds)
        zmq_setsockopt(handle, ZMQ_LINGER, &linger, MemoryLayout<Int32>.size)
        close()
    }

    /// Closes the socket; unsent messages are dropped after the linger time.
    package func close() {
        guard !isClosed else { return }
        stopMonitoring()
        isClosed = true
        zmq_close(handle)
    }

    func startMonitoring(at name: String, events: Int32) throws(TransportError) {
        guard zmq_socket_monitor(handle, name, events) == 0 else { throw .current("watch", endpoint) }
        isMonitored = true
    }

    /// Ends the reports to a monitor. Has to come before either socket is closed: libzmq's I/O thread reports with a
    /// call that blocks for ever when nobody listens, and with it every socket of the process.
    func stopMonitoring() {
        guard isMonitored, !isClosed else { return }
        isMonitored = false
        zmq_socket_monitor(handle, nil, 0)
    }

    /// Listens. With port 0 the returned endpoint has the port that the system chose.
    @discardableResult
    package func bind(_ endpoint: Endpoint) throws(TransportError) -> Endpoint {
        self.endpoint = endpoint.description
        if endpoint.isIPv6 { try set(ZMQ_IPV6, 1) }
        guard zmq_bind(handle, endpoint.bindingText) == 0 else { throw .current("listen on", self.endpoint) }
        guard case .tcp = endpoint else { return endpoint }
        var bytes = [UInt8](repeating: 0, count: 256)
        var count = bytes.count
        guard zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &bytes, &count) == 0 else {
            throw .current("read the address of", self.endpoint)
        }
        let bound = try Endpoint(parsing: String(decoding: bytes.prefix(max(0, count - 1)), as: UTF8.self))
        self.endpoint = bound.description
        return bound
    }

    /// Begins to connect; sending is possible once the connection stands.
    package func connect(_ endpoint: Endpoint) throws(TransportError) {
        self.endpoint = endpoint.description
        if case .tcp(_, let port) = endpoint, port == 0 {
            throw .invalidEndpoint(endpoint.description, reason: "port 0 is for listening; name the port to connect to")
        }
        if endpoint.isIPv6 { try set(ZMQ_IPV6, 1) }
        guard zmq_connect(handle, endpoint.description) == 0 else { throw .current("connect to", self.endpoint) }
    }

    func set(_ option: Int32, _ value: Int) throws(TransportError) {
        var number = Int32(clamping: value)
        guard zmq_setsockopt(handle, option, &number, MemoryLayout<Int32>.size) == 0 else {
            throw .current("set option \(option) of", endpoint)
        }
    }
}
