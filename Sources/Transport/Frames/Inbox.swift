/// Where all other workers send their frames: bound once, before the coordinator is greeted, and kept for life.
public final class Inbox {
    let socket: ZeroMQSocket
    /// Where it listens, with the real port; what the other workers connect to.
    public let endpoint: Endpoint
    /// Messages that were not a header and a payload.
    public private(set) var malformedCount = 0

    /// Listens at an endpoint (port 0 takes a free one) with `SocketOptions.data`.
    public init(_ context: ZeroMQContext, at endpoint: Endpoint, options: SocketOptions) throws(TransportError) {
        socket = try ZeroMQSocket(context, .pull, options: options)
        self.endpoint = try socket.bind(endpoint)
    }

    /// Stops listening.
    public func close() {
        socket.close()
    }

    /// A frame that has arrived, or nil; never waits. Messages of any other form are dropped and counted.
    public func receive() throws(TransportError) -> ReceivedFrame? {
        while true {
            var first = Message()
            guard try socket.receive(into: &first) else { return nil }
            if !first.hasMore {
                if first.byteCount >= ReceivedFrame.headerByteCount { return ReceivedFrame(whole: first) }
                malformedCount += 1
                continue
            }
            var second = Message()
            guard try socket.receive(into: &second) else { return nil }
            if !second.hasMore && first.byteCount == ReceivedFrame.headerByteCount {
                return ReceivedFrame(header: first, payload: second)
            }
            malformedCount += 1
            if second.hasMore { try skipRest() }
        }
    }

    private func skipRest() throws(TransportError) {
        var rest = Message()
        repeat {
            guard try socket.receive(into: &rest) else { return }
        } while rest.hasMore
    }
}

extension Poller {
    /// Watches an inbox for frames. Returns its index.
    @discardableResult
    public func add(_ inbox: Inbox) -> Int {
        add(inbox.socket)
    }
}
