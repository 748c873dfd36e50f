/// Frames over ZeroMQ: one inbox for receiving, one link a peer for sending, waited on together with an interrupt event
/// and the links' monitors.
package final class ZeroMQFrameTransport: FrameTransport {
    private let inbox: Inbox
    private let links: PeerLinks
    private let interrupt: InterruptEvent
    private let poller: Poller
    private let watched: [(index: Int, rank: Int)]

    /// Joins an inbox and the links of one generation; a signal of `interrupt` ends every wait.
    package init(inbox: Inbox, links: PeerLinks, interrupt: InterruptEvent) {
        self.inbox = inbox
        self.links = links
        self.interrupt = interrupt
        poller = Poller(capacity: links.workerCount + 3)
        poller.add(inbox.socket)
        poller.add(interrupt)
        var watched: [(Int, Int)] = []
        for (rank, link) in links.links.enumerated() {
            if let link { watched.append((poller.add(link.monitor), rank)) }
        }
        self.watched = watched
    }

    package func sendCopy(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, to rank: Int
    ) throws(TransportError) -> Bool {
        var message = Message(byteCount: header.count + payload.count)
        message.withUnsafeMutableBytes { bytes in
            bytes.copyMemory(from: header)
            UnsafeMutableRawBufferPointer(rebasing: bytes[header.count...]).copyMemory(from: payload)
        }
        return try link(rank).send(&message)
    }

    package func sendBorrowed(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, counter: ReleaseCounter, to rank: Int
    ) throws(TransportError) -> Bool {
        let socket = link(rank)
        var first = Message(copying: header)
        guard try socket.send(&first, more: true) else { return false }
        var second = Message(borrowing: payload, counter: counter)
        let isTaken = try socket.send(&second)
        precondition(isTaken, "a message is taken whole")
        return true
    }

    private func link(_ rank: Int) -> ZeroMQSocket {
        guard let link = links.links[rank] else { preconditionFailure("a worker does not send to itself") }
        return link.socket
    }

    package func receive() throws(TransportError) -> ReceivedFrame? {
        try inbox.receive()
    }

    package func wait(untilSendingTo rank: Int?, deadline: Deadline) throws(TransportError) -> WaitOutcome {
        let end = poller.count
        defer { poller.remove(from: end) }
        if let rank { poller.add(link(rank), forSending: true) }
        while true {
            guard try poller.wait(until: deadline) else { return .timedOut }
            if poller.isReady(1) { return .interrupted }
            if poller.isReady(0) || (rank != nil && poller.isReady(end)) { return .ready }
            for (index, rank) in watched where poller.isReady(index) {
                if try hasEnded(rank) { return .linkLost(rank: rank) }
            }
        }
    }

    private func hasEnded(_ rank: Int) throws(TransportError) -> Bool {
        guard let monitor = links.links[rank]?.monitor else { return false }
        while let event = try monitor.next() {
            if event != .established { return true }
        }
        return false
    }

    /// Ends the links, and lets libzmq go on sending for so long what they took.
    package func close(lingerMilliseconds: Int) {
        links.close(lingerMilliseconds: lingerMilliseconds)
    }

    /// The first rank whose link does not stand; this worker's own when all do.
    package var firstUnconnectedRank: Int {
        (0..<links.workerCount).first { rank in
            guard rank != links.rank else { return false }
            let sending = Poller(capacity: 1)
            let index = sending.add(link(rank), forSending: true)
            guard (try? sending.wait(until: Deadline(afterMilliseconds: 0))) == true else { return true }
            return !sending.isReady(index)
        } ?? links.rank
    }

    /// Waits until every link stands.
    package func waitUntilConnected(deadline: Deadline) throws(TransportError) -> WaitOutcome {
        for rank in 0..<links.workerCount where rank != links.rank {
            let sending = Poller(capacity: 3)
            let link = sending.add(link(rank), forSending: true)
            let event = sending.add(interrupt)
            while true {
                guard try sending.wait(until: deadline) else { return .timedOut }
                if sending.isReady(event) { return .interrupted }
                if sending.isReady(link) { break }
            }
        }
        return .ready
    }
}
