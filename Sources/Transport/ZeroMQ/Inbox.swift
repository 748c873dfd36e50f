internal import CZeroMQ
package import Core

/// The socket to which all other workers send their frames: bound once, before HELLO, and kept for the worker's life.
package final class Inbox {
    /// Reads what the header of a frame claims; nil for a header that is not valid.
    package typealias OriginReader = (_ header: SIMD8<UInt64>) -> FrameOrigin?

    /// What an inbox with keys does: it admits the members of the current view, and compares the sender of every frame.
    private struct Protection {
        let admitted: AdmissionList
        let origin: OriginReader
        var check = SenderCheck()
        let early = EarlyFrames()
    }

    let socket: ZeroMQSocket
    /// Where it listens, with the real port; other workers connect to it.
    package let endpoint: Endpoint
    /// Nil without keys.
    private var protection: Protection?
    /// Messages that were not a header and a payload.
    package private(set) var malformedCount = 0
    /// Frames that another than the named sender sent, or that found no room until their view.
    package private(set) var refusedCount = 0

    /// Listens at an endpoint (port 0 takes a free one) with `SocketOptions.data`. With a pair of keys it admits
    /// no worker until the first view.
    package init(
        _ context: ZeroMQContext, at endpoint: Endpoint, options: SocketOptions, keys: KeyPair? = nil,
        origin: @escaping OriginReader = { _ in nil }
    ) throws(TransportError) {
        var options = options
        if let keys {
            let admitted = AdmissionList()
            options.security = .listening(keys, admitted)
            protection = Protection(admitted: admitted, origin: origin)
        }
        socket = try ZeroMQSocket(context, .pull, options: options)
        self.endpoint = try socket.bind(endpoint)
    }

    /// Admits the members of a new view, by rank, and no one else; has no effect without keys. Connections of earlier
    /// members may stay, and their frames are refused.
    package func enter(generation: UInt64, keys: [PublicKey]) {
        guard protection != nil else { return }
        protection?.admitted.replace(with: Set(keys))
        protection?.check.enter(generation: generation, keys: keys)
        if let protection { refusedCount += protection.early.judge(by: protection.check) }
    }

    /// Whether a frame or a malformed message has arrived.
    var hasMessage: Bool {
        get throws(TransportError) {
            if let protection, protection.early.hasGenuine { return true }
            return try socket.hasMessage
        }
    }

    /// Stops listening.
    package func close() {
        socket.close()
    }

    /// A frame that has arrived, or nil; never waits. Messages of any other form, and frames of another than the named
    /// sender, are dropped and counted.
    package func receive() throws(TransportError) -> ReceivedFrame? {
        var key: PublicKey?
        guard let protection else { return try receiveAny(&key) }
        if let frame = protection.early.takeGenuine() { return frame }
        while let frame = try receiveAny(&key) {
            let origin = protection.origin(frame.header)
            switch protection.check.verdict(on: origin, sentWith: key) {
            case .genuine: return frame
            case .early:
                guard let origin, let key, protection.early.keep(frame, from: origin, key: key) else {
                    refusedCount += 1
                    continue
                }
            case .refused: refusedCount += 1
            }
        }
        return nil
    }

    /// The next frame with the key of its sender.
    private func receiveAny(_ sender: inout PublicKey?) throws(TransportError) -> ReceivedFrame? {
        let readsSender = protection != nil
        while true {
            var first = Message()
            guard try socket.receive(into: &first) else { return nil }
            if !first.hasMore {
                if first.byteCount >= ReceivedFrame.headerByteCount {
                    if readsSender { sender = first.sender }
                    let header = first.withUnsafeBytes { $0.loadUnaligned(as: SIMD8<UInt64>.self) }
                    return ReceivedFrame(header: header, payload: first.payload(from: ReceivedFrame.headerByteCount))
                }
                malformedCount += 1
                continue
            }
            var second = Message()
            guard try socket.receive(into: &second) else { return nil }
            if !second.hasMore && first.byteCount == ReceivedFrame.headerByteCount {
                if readsSender { sender = second.sender }
                let header = first.withUnsafeBytes { $0.loadUnaligned(as: SIMD8<UInt64>.self) }
                return ReceivedFrame(header: header, payload: second.payload(from: 0))
            }
            malformedCount += 1
            if second.hasMore { try socket.skipRest() }
        }
    }
}

extension Poller {
    /// Watches an inbox for frames. Returns its index.
    @discardableResult
    package func add(_ inbox: Inbox) -> Int {
        add(inbox.socket)
    }
}
