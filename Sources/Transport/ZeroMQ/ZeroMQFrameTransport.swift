internal import CZeroMQ
internal import Glibc

/// The socket to which all other workers send their frames: bound once, before HELLO, and kept for the worker's life.
package final class Inbox {
    fileprivate let socket: ZeroMQSocket
    /// Where it listens, with the real port; other workers connect to it.
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
                if first.byteCount >= ReceivedFrame.headerByteCount {
                    let header = first.withUnsafeBytes { $0.loadUnaligned(as: SIMD8<UInt64>.self) }
                    return ReceivedFrame(header: header, payload: first.payload(from: ReceivedFrame.headerByteCount))
                }
                malformedCount += 1
                continue
            }
            var second = Message()
            guard try socket.receive(into: &second) else { return nil }
            if !second.hasMore && first.byteCount == ReceivedFrame.headerByteCount {
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

/// A connection to another worker could not be started.
package struct PeerLinkError: Error, CustomStringConvertible {
    package let rank: Int
    package let cause: TransportError

    package var description: String { cause.description }
}

/// Frames over ZeroMQ: the inbox of this worker for receiving, and one connection a peer for sending, made for one
/// generation. Waits watch them together with an interrupt event and the connections' monitors.
///
/// A copied frame is one message of header and payload; a borrowed one is two parts, of which libzmq reads the payload where
/// it lies.
package final class ZeroMQFrameTransport: FrameTransport {
    private struct Link {
        var socket: ZeroMQSocket
        var monitor: ConnectionMonitor
        /// The monitor's index in the poll set.
        var index: Int
    }

    private let inbox: Inbox
    private let interrupt: InterruptEvent
    private let rank: Int
    /// One a rank; nil for this worker.
    private let links: [Link?]
    /// For waits until a link has room.
    private let poller: Poller
    private var watchedIndex: Int?
    /// For all other waits: the descriptors of the inbox, the interrupt event and the monitors, and the watched one.
    private var descriptors: [pollfd] = []
    /// The ranks of the monitors among them.
    private var monitoredRanks: [Int] = []
    /// Whether a monitor may have events although its descriptor is not readable.
    private var monitorsMayHaveEvents = true
    private static let inboxIndex = 0
    private static let interruptIndex = 1
    private static let firstMonitorIndex = 2
    /// Looks at the inbox before a waiting thread sleeps, where a processor is free for libzmq's thread; measured.
    private static let spinCount = 200
    private let spinCount: Int

    /// Starts to connect to the inboxes of all ranks but this worker's own, with `SocketOptions.data`. A signal of
    /// `interrupt` ends every wait.
    ///
    /// All inboxes must be bound before: a connection that is refused is not tried again. Throws with the rank whose
    /// endpoint cannot be used. `spins` where the host has a processor for every busy thread, those of libzmq included: a
    /// spinning thread would take theirs.
    ///
    /// - Precondition: `rank` is an index of `endpoints`.
    package init(
        _ context: ZeroMQContext, rank: Int, endpoints: [Endpoint], options: SocketOptions, inbox: Inbox,
        interrupt: InterruptEvent, spins: Bool = true
    ) throws(PeerLinkError) {
        precondition(endpoints.indices.contains(rank), "a rank is an index of the endpoints")
        self.rank = rank
        self.inbox = inbox
        self.interrupt = interrupt
        spinCount = spins ? Self.spinCount : 0
        poller = Poller(capacity: endpoints.count + 4)
        poller.add(inbox)
        poller.add(interrupt)
        var links: [Link?] = []
        for (other, endpoint) in endpoints.enumerated() {
            do throws(TransportError) {
                links.append(other == rank ? nil : try Self.link(context, endpoint, options, poller))
            } catch {
                throw PeerLinkError(rank: other, cause: error)
            }
        }
        self.links = links
        do throws(TransportError) {
            descriptors = [try inbox.socket.descriptor, interrupt.descriptor].map(Self.input)
            for (other, link) in links.enumerated() {
                guard let link else { continue }
                monitoredRanks.append(other)
                descriptors.append(Self.input(try link.monitor.socket.descriptor))
            }
        } catch {
            throw PeerLinkError(rank: rank, cause: error)
        }
    }

    private static func input(_ descriptor: Int32) -> pollfd {
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    }

    private static func link(
        _ context: ZeroMQContext, _ endpoint: Endpoint, _ options: SocketOptions, _ poller: Poller
    ) throws(TransportError) -> Link {
        let socket = try ZeroMQSocket(context, .push, options: options)
        let monitor = try ConnectionMonitor(of: socket)
        try socket.connect(endpoint)
        return Link(socket: socket, monitor: monitor, index: poller.add(monitor))
    }

    /// Ends waits also while a descriptor is readable. At most one.
    func watch(_ descriptor: Int32) {
        precondition(watchedIndex == nil, "one descriptor is watched")
        watchedIndex = poller.add(descriptor: descriptor)
        descriptors.append(Self.input(descriptor))
    }

    /// Ends the connections; libzmq continues to send the frames that it took for at most this time, since other workers
    /// may still need them.
    package func close(lingerMilliseconds: Int) {
        for case .some(let link) in links {
            link.socket.close(lingerMilliseconds: lingerMilliseconds)
            link.monitor.close()
        }
    }

    /// Waits until every connection is established.
    package func waitUntilConnected(deadline: Deadline) throws(TransportError) -> WaitOutcome {
        for case .some(let link) in links {
            let poller = Poller(capacity: 2)
            let socketIndex = poller.add(link.socket, forSending: true)
            let eventIndex = poller.add(interrupt)
            while true {
                guard try poller.wait(until: deadline) else { return .timedOut }
                if poller.isReady(eventIndex) { return .interrupted }
                if poller.isReady(socketIndex) { break }
            }
        }
        return .ready
    }

    /// The first rank without an established connection; this worker's own rank when there is none.
    package var firstUnconnectedRank: Int {
        links.firstIndex { link in
            guard let link else { return false }
            let poller = Poller(capacity: 1)
            poller.add(link.socket, forSending: true)
            return (try? poller.wait(until: Deadline(afterMilliseconds: 0))) != true
        } ?? rank
    }

    package func sendCopy(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, to rank: Int
    ) throws(TransportError) -> Bool {
        var message = Message(byteCount: header.count + payload.count)
        message.withUnsafeMutableBytes { bytes in
            bytes.copyMemory(from: header)
            UnsafeMutableRawBufferPointer(rebasing: bytes[header.count...]).copyMemory(from: payload)
        }
        return try socket(rank).send(&message)
    }

    package func sendBorrowed(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, counter: ReleaseCounter, to rank: Int
    ) throws(TransportError) -> Bool {
        let socket = socket(rank)
        var first = Message(copying: header)
        guard try socket.send(&first, more: true) else { return false }
        var second = Message(borrowing: payload, counter: counter)
        let isTaken = try socket.send(&second)
        precondition(isTaken, "a message is taken whole")
        return true
    }

    private func socket(_ rank: Int) -> ZeroMQSocket {
        guard let link = links[rank] else { preconditionFailure("a worker does not send to itself") }
        return link.socket
    }

    package func receive() throws(TransportError) -> ReceivedFrame? {
        try inbox.receive()
    }

    package func wait(untilSendingTo rank: Int?, deadline: Deadline) throws(TransportError) -> WaitOutcome {
        if let rank { return try wait(forRoomTo: rank, deadline: deadline) }
        // Yielding lets libzmq's thread deliver.
        for _ in 0..<spinCount {
            if try hasFrame { break }
            ThreadScheduling.yield()
        }
        return try sleep(deadline: deadline).outcome
    }

    private func wait(forRoomTo rank: Int, deadline: Deadline) throws(TransportError) -> WaitOutcome {
        let end = poller.count
        defer { poller.remove(from: end) }
        poller.add(socket(rank), forSending: true)
        monitorsMayHaveEvents = true
        while true {
            guard try poller.wait(until: deadline) else { return .timedOut }
            if poller.isReady(Self.interruptIndex) { return .interrupted }
            if let watchedIndex, poller.isReady(watchedIndex) { return .ready }
            if poller.isReady(Self.inboxIndex) || poller.isReady(end) { return .ready }
            for (rank, link) in links.enumerated() {
                guard let link, poller.isReady(link.index) else { continue }
                if try hasEnded(link) { return .linkLost(rank: rank) }
            }
        }
    }

    /// Whether a frame has arrived.
    var hasFrame: Bool { get throws(TransportError) { try inbox.socket.hasMessage } }

    /// Sleeps until a frame may be received. `isWatched` when the watched descriptor was readable.
    ///
    /// Costs three system calls whatever the number of ranks: libzmq's own poll asks every socket twice. Its descriptors are
    /// readable only when news arrive after the last look at the socket's events.
    func sleep(deadline: Deadline) throws(TransportError) -> (outcome: WaitOutcome, isWatched: Bool) {
        let count = descriptors.count
        while true {
            // A flood of frames hides neither interrupts nor lost links.
            let hasFrame = try hasFrame
            if monitorsMayHaveEvents, let lost = try firstLostRank() { return (.linkLost(rank: lost), false) }
            monitorsMayHaveEvents = false
            let milliseconds = hasFrame ? 0 : Int32(deadline.remainingMilliseconds)
            let readyCount = poll(&descriptors, nfds_t(count), milliseconds)
            if readyCount < 0 {
                guard errno == EINTR else {
                    throw .failed(
                        operation: "wait for", endpoint: "\(count) descriptors",
                        reason: String(cString: strerror(errno)))
                }
                continue
            }
            let isWatched = watchedIndex != nil && descriptors[count - 1].revents != 0
            if descriptors[Self.interruptIndex].revents != 0 { return (.interrupted, isWatched) }
            if hasFrame || isWatched || descriptors[Self.inboxIndex].revents != 0 { return (.ready, isWatched) }
            if readyCount > 0, let lost = try firstLostRank() { return (.linkLost(rank: lost), isWatched) }
            if deadline.hasPassed { return (.timedOut, isWatched) }
        }
    }

    private func firstLostRank() throws(TransportError) -> Int? {
        for (place, rank) in monitoredRanks.enumerated()
        where monitorsMayHaveEvents || descriptors[Self.firstMonitorIndex + place].revents != 0 {
            if let link = links[rank], try hasEnded(link) { return rank }
        }
        return nil
    }

    private func hasEnded(_ link: Link) throws(TransportError) -> Bool {
        while let event = try link.monitor.next() {
            if event != .established { return true }
        }
        return false
    }
}
