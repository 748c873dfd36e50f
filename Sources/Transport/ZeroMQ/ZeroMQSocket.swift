internal import CPlatform
internal import CZeroMQ
package import Core
import Glibc

/// The kinds of sockets that Selvedge uses.
package enum SocketKind: Sendable, Hashable {
    /// Sends to the peers it is connected to.
    case push
    /// Receives from every peer that connects.
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

/// One ZeroMQ socket. Used only by the thread that created it, until it is closed.
package final class ZeroMQSocket {
    let handle: UnsafeMutableRawPointer
    package let kind: SocketKind
    /// The address at which it listens or to which it connects, for error messages.
    package private(set) var endpoint: String
    let context: ZeroMQContext
    private(set) var isClosed = false
    private var isMonitored = false
    /// Whether received frames are counted, because other hosts or users may send them without an end.
    private var countsFrames = false
    /// Bytes that encryption adds to each received frame.
    private let addedByteCount: Int
    /// Whether the next frame is the first of a message.
    private var beginsMessage = true
    /// The connection on which the last whole message arrived; nil within a process. libzmq may have closed it since.
    package private(set) var lastConnectionDescriptor: Int32?

    /// A socket with all its options set, neither listening nor connected.
    package init(_ context: ZeroMQContext, _ kind: SocketKind, options: SocketOptions) throws(TransportError) {
        guard let handle = zmq_socket(context.handle, kind.code) else { throw .current("create", "a socket") }
        self.handle = handle
        self.kind = kind
        self.context = context
        if case .none = options.security { addedByteCount = 0 } else { addedByteCount = SocketOptions.curveByteCount }
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

    /// Closes the socket; libzmq continues to send the messages that it took for at most this time.
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

    /// Ends the reports to a monitor. Called before either socket is closed: libzmq's I/O thread reports with a call
    /// that blocks for ever when the monitor is closed, and then all sockets of the process block.
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
        if case .ipc(let path) = endpoint { try SocketFile.checkFree(path) }
        guard zmq_bind(handle, endpoint.bindingText) == 0 else { throw .current("listen on", self.endpoint) }
        guard case .tcp = endpoint else { return endpoint }
        countsFrames = true
        var bytes = [UInt8](repeating: 0, count: 256)
        var count = bytes.count
        guard zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &bytes, &count) == 0 else {
            throw .current("read the address of", self.endpoint)
        }
        let bound = try Endpoint(parsing: String(decoding: bytes.prefix(max(0, count - 1)), as: UTF8.self))
        self.endpoint = bound.description
        return bound
    }

    /// Starts to connect; sending is possible once the connection is established.
    package func connect(_ endpoint: Endpoint) throws(TransportError) {
        self.endpoint = endpoint.description
        if case .tcp(_, let port) = endpoint, port == 0 {
            throw .invalidEndpoint(endpoint.description, reason: "port 0 is for listening; name the port to connect to")
        }
        if endpoint.isIPv6 { try set(ZMQ_IPV6, 1) }
        guard zmq_connect(handle, endpoint.description) == 0 else { throw .current("connect to", self.endpoint) }
    }

    /// The descriptor that becomes readable when libzmq has news for this socket: only while `hasMessage` was false
    /// before.
    var descriptor: Int32 {
        get throws(TransportError) {
            var descriptor: Int32 = -1
            var count = MemoryLayout<Int32>.size
            guard zmq_getsockopt(handle, ZMQ_FD, &descriptor, &count) == 0 else {
                throw .current("read the descriptor of", endpoint)
            }
            return descriptor
        }
    }

    /// Whether a message has arrived.
    var hasMessage: Bool {
        get throws(TransportError) {
            var events: Int32 = 0
            var count = MemoryLayout<Int32>.size
            while zmq_getsockopt(handle, ZMQ_EVENTS, &events, &count) != 0 {
                guard zmq_errno() == selvedge_interrupted else { throw .current("look for messages of", endpoint) }
            }
            return events & ZMQ_POLLIN != 0
        }
    }

    func set(_ option: Int32, _ value: Int) throws(TransportError) {
        var number = Int32(clamping: value)
        guard zmq_setsockopt(handle, option, &number, MemoryLayout<Int32>.size) == 0 else {
            throw .current("set option \(option) of", endpoint)
        }
    }

    /// Sets an option that is a text; a key counts as one.
    func set(_ option: Int32, text: String) throws(TransportError) {
        guard zmq_setsockopt(handle, option, text, text.utf8.count) == 0 else {
            throw .current("set option \(option) of", endpoint)
        }
    }

    /// Sends one frame without waiting; false when the socket cannot take it now. A frame that was taken belongs to
    /// libzmq.
    ///
    /// With `more`, further frames of the same message follow before any other message is sent.
    package func send(_ message: inout Message, more: Bool = false) throws(TransportError) -> Bool {
        let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
        while zmq_msg_send(&message.record, handle, flags) < 0 {
            let code = zmq_errno()
            if code == selvedge_again { return false }
            if code == selvedge_host_unreachable { throw .peerGone }
            if code != selvedge_interrupted { throw .current("send to", endpoint) }
        }
        return true
    }

    /// Sends all frames of a message without waiting; false when the socket cannot take it now.
    package func send(frames: [[UInt8]]) throws(TransportError) -> Bool {
        for (index, bytes) in frames.enumerated() {
            var message = Message(bytes)
            guard try send(&message, more: index + 1 < frames.count) else {
                // Only the first frame of a message can be refused: the others follow it into the same pipe.
                precondition(index == 0, "a message is taken whole")
                return false
            }
        }
        return true
    }

    /// Receives one frame without waiting; false when there is none.
    package func receive(into message: inout Message) throws(TransportError) -> Bool {
        while zmq_msg_recv(&message.record, handle, ZMQ_DONTWAIT) < 0 {
            let code = zmq_errno()
            if code == selvedge_again {
                if countsFrames { selvedge_all_frames_taken() }
                return false
            }
            if code != selvedge_interrupted { throw .current("receive from", endpoint) }
        }
        // The first frame of a ROUTER's message is the peer's name, which libzmq adds.
        if countsFrames, kind != .router || !beginsMessage { message.countAsTaken(addedByteCount: addedByteCount) }
        beginsMessage = !message.hasMore
        return true
    }

    /// Receives and drops the remaining frames of a message.
    func skipRest() throws(TransportError) {
        var rest = Message()
        repeat {
            guard try receive(into: &rest) else { return }
        } while rest.hasMore
    }

    /// Receives all frames of a message without waiting; nil when there is none.
    package func receiveFrames() throws(TransportError) -> [[UInt8]]? {
        try receiveMessage()?.frames
    }

    /// Receives a message without waiting; nil when there is none. `sender` is the key with which the sender of its
    /// last frame was admitted. Of a message with more than ``frameLimit`` frames the first ones are returned.
    package func receiveMessage() throws(TransportError) -> (frames: [[UInt8]], sender: PublicKey?)? {
        var message = Message()
        guard try receive(into: &message) else { return nil }
        var frames = [message.bytes]
        while message.hasMore {
            guard try receive(into: &message) else { break }
            if frames.count < Self.frameLimit { frames.append(message.bytes) }
        }
        lastConnectionDescriptor = message.connectionDescriptor
        return (frames, message.sender)
    }

    /// More frames than any message has.
    private static let frameLimit = 4
}

/// One frame of a ZeroMQ message: owns its bytes, or borrows memory until libzmq has sent it.
package struct Message: ~Copyable {
    // The record has no pointer into itself, so it may be moved bitwise.
    fileprivate var record = zmq_msg_t()

    /// An empty frame, to receive into.
    package init() {
        zmq_msg_init(&record)
    }

    /// A frame of `byteCount` bytes, to be written through `withUnsafeMutableBytes`.
    package init(byteCount: Int) {
        precondition(zmq_msg_init_size(&record, byteCount) == 0, "memory for a message is available")
    }

    /// A frame with a copy of these bytes.
    package init(copying bytes: UnsafeRawBufferPointer) {
        self.init(byteCount: bytes.count)
        withUnsafeMutableBytes { $0.copyMemory(from: bytes) }
    }

    /// A frame with a copy of these bytes.
    package init(_ bytes: [UInt8]) {
        self.init(byteCount: bytes.count)
        withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
    }

    /// A frame over memory that stays unchanged until `counter` is idle again. Costs no copy.
    package init(borrowing bytes: UnsafeRawBufferPointer, counter: ReleaseCounter) {
        let count = counter.lend().assumingMemoryBound(to: selvedge_counter.self)
        precondition(
            selvedge_message_borrowing(&record, bytes.baseAddress, bytes.count, count) == 0,
            "memory for a message is available")
    }

    deinit {
        // The value is immutable here; a copy of the record is the same message.
        var closing = record
        zmq_msg_close(&closing)
    }

    /// Bytes in the frame.
    package var byteCount: Int {
        withUnsafePointer(to: record) { zmq_msg_size($0) }
    }

    /// Whether more frames of the same message follow (after receiving).
    package var hasMore: Bool {
        withUnsafePointer(to: record) { zmq_msg_more($0) != 0 }
    }

    /// Counts it as taken from the connection on which it arrived, where it was longer by some bytes.
    fileprivate func countAsTaken(addedByteCount: Int) {
        guard let descriptor = connectionDescriptor else { return }
        selvedge_frame_taken(descriptor, Int64(byteCount + addedByteCount))
    }

    /// The connection on which it arrived; nil within a process. libzmq owns it, and may have closed it since.
    package var connectionDescriptor: Int32? {
        withUnsafePointer(to: record) { zmq_msg_gets($0, "__fd") }.map { atoi($0) }
    }

    /// The key with which its sender was admitted; nil where the socket has no keys. On a ROUTER from the second frame
    /// on: libzmq 4.3.4 may lose it on the first.
    package var sender: PublicKey? {
        withUnsafePointer(to: record) { record in
            zmq_msg_gets(record, "User-Id").flatMap { text in
                PublicKey(z85: UnsafeRawBufferPointer(start: text, count: strlen(text)))
            }
        }
    }

    /// The bytes, valid during the call; at any alignment.
    package func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The bytes of short messages are in the record itself, so the copy lives as long as the pointer.
        var copy = record
        return try withUnsafeMutablePointer(to: &copy) { (pointer) throws(Failure) -> Result in
            try body(UnsafeRawBufferPointer(start: zmq_msg_data(pointer), count: zmq_msg_size(pointer)))
        }
    }

    /// The bytes for writing, valid during the call.
    package mutating func withUnsafeMutableBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
        withUnsafeMutablePointer(to: &record) { pointer in
            body(UnsafeMutableRawBufferPointer(start: zmq_msg_data(pointer), count: zmq_msg_size(pointer)))
        }
    }

    /// A copy of the bytes.
    package var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// The bytes from `offset` on as the payload of a frame.
    consuming func payload(from offset: Int) -> ReceivedPayload {
        if byteCount <= Self.longestByteCountInRecord {
            return withUnsafeBytes { ReceivedPayload(copying: UnsafeRawBufferPointer(rebasing: $0[offset...])) }
        }
        let bytes = withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0[offset...]) }
        let taken = unsafeBitCast(record, to: ReceivedPayload.Record.self)
        zmq_msg_init(&record)
        return ReceivedPayload(bytes, record: taken) { record in
            zmq_msg_close(record.assumingMemoryBound(to: zmq_msg_t.self))
        }
    }

    /// libzmq keeps short messages (33 bytes in version 4.3) in the record; longer ones have separate memory.
    private static let longestByteCountInRecord = MemoryLayout<zmq_msg_t>.size
}

extension Endpoint {
    /// Whether libzmq needs its IPv6 option for it.
    fileprivate var isIPv6: Bool {
        if case .tcp(let host, _) = self { return host.contains(":") }
        return false
    }

    /// The argument of `zmq_bind`, which takes addresses, not names.
    fileprivate var bindingText: String {
        if case .tcp("localhost", let port) = self { return "tcp://127.0.0.1:\(port)" }
        return description
    }
}
