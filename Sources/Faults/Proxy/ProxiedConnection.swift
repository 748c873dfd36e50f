internal import Glibc

/// An accepted connection and its connection to the target.
final class ProxiedConnection {
    private enum Stage {
        /// Not connected to the target, because of a stall or because the target's queue is full.
        case waiting(nextAttemptNanoseconds: UInt64)
        case connecting
        case joined
        case closed
    }

    let identity: ConnectionIdentity
    private let client: Int32
    private var target: Int32 = -1
    private var stage = Stage.waiting(nextAttemptNanoseconds: 0)
    private var toTarget: Flow
    private var toClient: Flow
    /// Indices of the two sockets in the poll set.
    private var clientIndex = 0

    private static let retryNanoseconds: UInt64 = 5_000_000

    init(_ identity: ConnectionIdentity, client: Int32, _ limits: ProxyLimits) {
        self.identity = identity
        self.client = client
        toTarget = Flow(identity, .toTarget, limits)
        toClient = Flow(identity, .toClient, limits)
    }

    deinit {
        close()
    }

    var isClosed: Bool {
        if case .closed = stage { return true }
        return false
    }

    func close() {
        guard !isClosed else { return }
        stage = .closed
        StreamSocket.end(client)
        if target >= 0 { StreamSocket.end(target) }
    }

    /// Breaks both connections.
    func reset() {
        guard !isClosed else { return }
        stage = .closed
        StreamSocket.reset(client)
        if target >= 0 { StreamSocket.reset(target) }
    }

    /// Adds both sockets to the poll set; a socket without events is -1, which the system ignores.
    func appendInterest(to items: inout [pollfd], _ faults: TrafficFaultSet, now: UInt64) {
        clientIndex = items.count
        var (clientEvents, targetEvents) = (0, 0)
        switch stage {
        case .waiting, .closed: break
        case .connecting: targetEvents = Int(POLLOUT)
        case .joined:
            if !faults.contains(.stall, on: identity, .toTarget) {
                if toTarget.wantsToRead { clientEvents |= Int(POLLIN) }
                if toTarget.wantsToWrite(now: now) { targetEvents |= Int(POLLOUT) }
            }
            if !faults.contains(.stall, on: identity, .toClient) {
                if toClient.wantsToRead { targetEvents |= Int(POLLIN) }
                if toClient.wantsToWrite(now: now) { clientEvents |= Int(POLLOUT) }
            }
        }
        items.append(pollfd(fd: clientEvents == 0 ? -1 : client, events: Int16(clientEvents), revents: 0))
        items.append(pollfd(fd: targetEvents == 0 ? -1 : target, events: Int16(targetEvents), revents: 0))
    }

    /// When to advance although no socket is ready; nil for never.
    func dueNanoseconds(_ faults: TrafficFaultSet) -> UInt64? {
        switch stage {
        case .waiting(let next): return faults.holdsNewConnection(identity) ? nil : next
        case .connecting, .closed: return nil
        case .joined:
            let forward = faults.contains(.stall, on: identity, .toTarget) ? nil : toTarget.dueNanoseconds
            let backward = faults.contains(.stall, on: identity, .toClient) ? nil : toClient.dueNanoseconds
            return [forward, backward].compactMap { $0 }.min()
        }
    }

    /// Connects or forwards without blocking, and adds to the route's counts.
    func advance(
        _ route: ProxyRoute, _ faults: TrafficFaultSet, _ items: [pollfd], now: UInt64,
        _ buffer: UnsafeMutableRawBufferPointer, _ counts: inout RouteCounts
    ) {
        switch stage {
        case .waiting(let next):
            if next <= now && !faults.holdsNewConnection(identity) { connect(to: route.target, now) }
        case .connecting:
            if items[clientIndex + 1].revents != 0 { finishConnecting() }
        case .joined:
            let isReadable = (items[clientIndex].revents != 0, items[clientIndex + 1].revents != 0)
            let pass = Pass(faults: faults, now: now, buffer: buffer)
            let isIntact =
                pass.forward(&toTarget, identity, from: client, isReadable.0, to: target, &counts.toTarget)
                && pass.forward(&toClient, identity, from: target, isReadable.1, to: client, &counts.toClient)
            if !isIntact {
                counts.reset += 1
                reset()
            } else if toTarget.isDone && toClient.isDone {
                close()
            }
        case .closed: break
        }
    }

    private func connect(to address: ProxyAddress, _ now: UInt64) {
        do {
            if let descriptor = try StreamSocket.connect(to: address) {
                target = descriptor
                stage = .connecting
            } else {
                stage = .waiting(nextAttemptNanoseconds: now + Self.retryNanoseconds)
            }
        } catch {
            // Nothing listens there: the client's connection ends, as it would without a proxy.
            close()
        }
    }

    private func finishConnecting() {
        if StreamSocket.pendingError(target) == 0 {
            stage = .joined
        } else {
            close()
        }
    }
}

/// Arguments that all flows share in one round of the proxy.
private struct Pass {
    let faults: TrafficFaultSet
    let now: UInt64
    let buffer: UnsafeMutableRawBufferPointer

    /// Forwards in one direction without blocking; false when the connection has to break.
    func forward(
        _ flow: inout Flow, _ identity: ConnectionIdentity, from source: Int32, _ isReadable: Bool, to sink: Int32,
        _ counts: inout FlowCounts
    ) -> Bool {
        let active = faults.active(on: identity, flow.direction)
        if active.contains(where: { $0.kind == .stall }) { return true }
        var verdict = TrafficFaultMachine.Verdict.goOn
        if isReadable && flow.wantsToRead {
            do throws(MessageTooLong) {
                verdict = try flow.read(source, active, now: now, buffer)
            } catch {
                verdict = .reset
            }
        }
        counts += flow.takeCounts()
        guard verdict == .goOn else { return false }
        counts.forwardedBytes += flow.write(sink, active, now: now)
        return true
    }
}

/// One direction of a connection, from its source to its sink.
struct Flow: ~Copyable {
    let direction: FlowDirection
    private var framer: MessageFramer
    private var machine: TrafficFaultMachine
    private var queue = OutputQueue()
    private var sourceHasEnded = false
    private(set) var isDone = false
    private let bufferByteLimit: Int

    init(_ connection: ConnectionIdentity, _ direction: FlowDirection, _ limits: ProxyLimits) {
        self.direction = direction
        framer = MessageFramer(byteLimit: limits.messageByteCount)
        machine = TrafficFaultMachine(connection, direction)
        bufferByteLimit = limits.bufferByteCount
    }

    /// Whether more may be read: less than the limit is buffered.
    var wantsToRead: Bool {
        !sourceHasEnded && !isDone && queue.byteCount + machine.heldByteCount < bufferByteLimit
    }

    /// Whether bytes are due to be written.
    func wantsToWrite(now: UInt64) -> Bool { queue.dueNanoseconds.map { $0 <= now } ?? false }

    /// When to advance although no socket is ready; nil for never.
    var dueNanoseconds: UInt64? {
        [queue.dueNanoseconds, machine.dueNanoseconds].compactMap { $0 }.min()
    }

    mutating func takeCounts() -> FlowCounts { machine.takeCounts() }

    /// Reads once from the source and cuts the bytes into pieces.
    mutating func read(
        _ source: Int32, _ faults: [TrafficFault], now: UInt64, _ buffer: UnsafeMutableRawBufferPointer
    ) throws(MessageTooLong) -> TrafficFaultMachine.Verdict {
        switch StreamSocket.read(source, into: buffer) {
        case .wouldBlock: break
        case .bytes(let count):
            var pieces: [StreamPiece] = []
            try framer.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: &pieces)
            for piece in pieces where machine.pass(piece, faults, now: now, to: &queue) == .reset { return .reset }
        case .ended:
            sourceHasEnded = true
            machine.end(faults, now: now, to: &queue)
            queue.append(framer.takeRest(), dueNanoseconds: now)
        }
        return .goOn
    }

    /// Writes to the sink what is due, and forwards the end of the stream. Returns the number of bytes written.
    mutating func write(_ sink: Int32, _ faults: [TrafficFault], now: UInt64) -> UInt64 {
        var count: UInt64 = 0
        machine.wake(faults, now: now, to: &queue)
        sending: while !isDone && wantsToWrite(now: now) {
            switch queue.sendFirst({ StreamSocket.write(sink, $0) }) {
            case .bytes(let sent): count += UInt64(sent)
            case .wouldBlock: break sending
            case .ended:
                isDone = true
                queue.removeAll()
            }
        }
        if sourceHasEnded && queue.isEmpty && !isDone {
            isDone = true
            shutdown(sink, Int32(SHUT_WR))
        }
        return count
    }
}
