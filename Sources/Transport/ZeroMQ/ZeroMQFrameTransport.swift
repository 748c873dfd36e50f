internal import CZeroMQ
package import Core
internal import Glibc
import Synchronization

/// A connection to another worker could not be started.
package struct PeerLinkError: Error, CustomStringConvertible {
    package let rank: Int
    package let cause: TransportError

    package var description: String { cause.description }
}

/// Frames over ZeroMQ: the inbox of this worker for receiving, and one connection a peer for sending, made for one
/// generation. Waits watch them together with an interrupt event and the connections' monitors.
///
/// A copied frame is one message of header and payload; a borrowed one is two parts, of which libzmq reads the payload
/// where it lies.
package final class ZeroMQFrameTransport: FrameTransport {
    private struct Link {
        var socket: ZeroMQSocket
        var monitor: ConnectionMonitor
        /// The monitor's index in the poll set.
        var index: Int
    }

    /// The key pair of this worker, and the keys of all ranks' inboxes.
    package struct Keys: Sendable {
        package var own: KeyPair
        package var inboxes: [PublicKey]

        package init(own: KeyPair, inboxes: [PublicKey]) {
            self.own = own
            self.inboxes = inboxes
        }
    }

    private let context: ZeroMQContext
    private let endpoints: [Endpoint]
    private let options: SocketOptions
    private let keys: Keys?
    private let inbox: Inbox
    private let interrupt: InterruptEvent
    private let rank: Int
    /// One a rank; nil for this worker.
    private var links: [Link?] = []
    /// The TCP connections of the links, for another thread that measures them.
    package let connections = ConnectionBoard()
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
    /// Looks at the inbox before a waiting thread sleeps; measured.
    private static let spinCount = 200
    /// Whether a waiting thread looks for frames before it sleeps.
    let spins: Bool

    /// Starts to connect to the inboxes of all ranks but this worker's own, with `SocketOptions.data`. A signal of
    /// `interrupt` ends every wait.
    ///
    /// All inboxes must be bound before: a connection that is refused is not tried again. Throws with the rank whose
    /// endpoint cannot be used. `spins` where the host has a processor for every compute thread: one that spins yields
    /// to libzmq's. With `keys` every inbox has to have its key.
    ///
    /// - Precondition: `rank` is an index of `endpoints`; there is a key for each.
    package init(
        _ context: ZeroMQContext, rank: Int, endpoints: [Endpoint], options: SocketOptions, inbox: Inbox,
        interrupt: InterruptEvent, keys: Keys? = nil, spins: Bool = true
    ) throws(PeerLinkError) {
        precondition(endpoints.indices.contains(rank), "a rank is an index of the endpoints")
        precondition(keys.map { $0.inboxes.count == endpoints.count } ?? true, "there is a key for each inbox")
        self.context = context
        self.endpoints = endpoints
        self.options = options
        self.keys = keys
        self.rank = rank
        self.inbox = inbox
        self.interrupt = interrupt
        self.spins = spins
        poller = Poller(capacity: endpoints.count + 4)
        for other in endpoints.indices {
            do throws(TransportError) {
                links.append(other == rank ? nil : try link(to: other))
            } catch {
                throw PeerLinkError(rank: other, cause: error)
            }
        }
        do throws(TransportError) {
            try watchLinks()
        } catch {
            throw PeerLinkError(rank: rank, cause: error)
        }
    }

    /// Fills the poll sets, which then have the inbox, the interrupt event and all monitors.
    private func watchLinks() throws(TransportError) {
        poller.remove(from: 0)
        poller.add(inbox)
        poller.add(interrupt)
        monitoredRanks = []
        descriptors = [try inbox.socket.descriptor, interrupt.descriptor].map(Self.input)
        for other in links.indices {
            guard let link = links[other] else { continue }
            links[other]?.index = poller.add(link.monitor)
            monitoredRanks.append(other)
            descriptors.append(Self.input(try link.monitor.socket.descriptor))
        }
    }

    private static func input(_ descriptor: Int32) -> pollfd {
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    }

    private func link(to other: Int) throws(TransportError) -> Link {
        var options = options
        if let keys { options.security = .connecting(keys.own, to: keys.inboxes[other]) }
        let socket = try ZeroMQSocket(context, .push, options: options)
        let monitor = try ConnectionMonitor(of: socket)
        try socket.connect(endpoints[other])
        return Link(socket: socket, monitor: monitor, index: 0)
    }

    /// Ends waits also while a descriptor is readable. At most one.
    func watch(_ descriptor: Int32) {
        precondition(watchedIndex == nil, "one descriptor is watched")
        watchedIndex = poller.add(descriptor: descriptor)
        descriptors.append(Self.input(descriptor))
    }

    /// Ends the connections; libzmq continues to send the frames that it took for at most this time, since other
    /// workers may still need them.
    package func close(lingerMilliseconds: Int) {
        for case .some(let link) in links {
            link.socket.close(lingerMilliseconds: lingerMilliseconds)
            link.monitor.close()
        }
    }

    /// Waits until every connection is established. With keys, a member that has not received the view yet refuses this
    /// worker's key: then the connection is tried again.
    package func waitUntilConnected(deadline: Deadline) throws(TransportError) -> WaitOutcome {
        for other in links.indices {
            while let link = links[other] {
                let poller = Poller(capacity: 3)
                let socketIndex = poller.add(link.socket, forSending: true)
                let eventIndex = poller.add(interrupt)
                // Without keys a connection that fails stays broken.
                let monitorIndex = keys.map { _ in poller.add(link.monitor) }
                guard try poller.wait(until: deadline) else { return .timedOut }
                if poller.isReady(eventIndex) { return .interrupted }
                if poller.isReady(socketIndex) { break }
                guard let monitorIndex, poller.isReady(monitorIndex), try isRefused(link) else { continue }
                guard try !isInterrupted(duringMilliseconds: Self.refusalPauseMilliseconds) else { return .interrupted }
                if deadline.hasPassed { return .timedOut }
                link.monitor.close()
                link.socket.close()
                links[other] = try self.link(to: other)
            }
        }
        if keys != nil { try watchLinks() }
        // The events of the connections are read here rather than in a step, which allocates nothing.
        for case (let other, .some(let link)) in links.enumerated() {
            if try hasEnded(link) { return .linkLost(rank: other) }
            connections.note(link.monitor.connection, to: other)
        }
        return .ready
    }

    /// The pause before a member that refused this worker is asked again.
    private static let refusalPauseMilliseconds = 20

    private func isRefused(_ link: Link) throws(TransportError) -> Bool {
        while let event = try link.monitor.next() {
            switch event {
            case .handshakeFailed, .disconnected: return true
            case .established, .connectionRefused: continue
            }
        }
        return false
    }

    private func isInterrupted(duringMilliseconds milliseconds: Int) throws(TransportError) -> Bool {
        let poller = Poller(capacity: 1)
        poller.add(interrupt)
        return try poller.wait(until: Deadline(afterMilliseconds: milliseconds))
    }

    /// The ranks without an established connection.
    package var unconnectedRanks: [Int] {
        links.indices.filter { other in
            guard let link = links[other] else { return false }
            let poller = Poller(capacity: 1)
            poller.add(link.socket, forSending: true)
            return (try? poller.wait(until: Deadline(afterMilliseconds: 0))) != true
        }
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
        for _ in 0..<(spins ? Self.spinCount : 0) {
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
    var hasFrame: Bool { get throws(TransportError) { try inbox.hasMessage } }

    /// Sleeps until a frame may be received. `isWatched` when the watched descriptor was readable.
    ///
    /// Costs three system calls whatever the number of ranks: libzmq's own poll asks every socket twice. Its
    /// descriptors are readable only when news arrive after the last look at the socket's events.
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

/// The TCP connections of one generation, by rank. The thread of the sockets notes them; any thread reads what they
/// carried.
package final class ConnectionBoard: Sendable {
    private let connections = Mutex<[Int: TCPConnection]>([:])

    package init() {}

    package func note(_ connection: TCPConnection?, to rank: Int) {
        connections.withLock { $0[rank] = connection }
    }

    /// What each open connection carried so far, by rank.
    package var uses: [(rank: Int, use: TCPUse)] {
        connections.withLock { $0 }.compactMap { rank, connection in connection.use.map { (rank, $0) } }
    }
}
