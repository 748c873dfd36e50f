/// Where all other workers send their frames: bound once, before the coordinator is greeted, and kept for life.
package final class Inbox {
    let socket: ZeroMQSocket
    /// Where it listens, with the real port; what the other workers connect to.
    package let endpoint: Endpoint
    /// Messages that were not a header and a payload.
    package private(set) var malformedCount = 0

    /// Listens at an endpoint (port 0 takes a free one) with `SocketOptions.data`.
    package init(_ context: ZeroMQContext, at endpoint: Endpoint, options: SocketOptions) throws(TransportError) {
        socket = try ZeroMQSocket(context, .pull, options: options)
        self.endpoint = try socket.bind(endpoint)
    }

    /// Stops listening.
    package func close() {
        socket.close()
    }

    /// A frame that has arrived, or nil; never waits. Messages of any other form are dropped and counted.
    package func receive() throws(TransportError) -> ReceivedFrame? {
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
    package func add(_ inbox: Inbox) -> Int {
        add(inbox.socket)
    }
}
