internal import Glibc

/// A connection that was accepted, and the one to the target that it is joined with.
final class ProxiedConnection {
    private enum Stage {
        /// Not connected to the target: a stall, or the target's queue is full; to be tried at this time.
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
    /// Where the two sockets stand in the list of what is waited for.
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

    /// Adds both sockets to the list, a socket with nothing to wait for as -1; the system ignores those.
    func appendInterest(to items: inout [pollfd], _ faults: FaultSet, now: UInt64) {
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

    /// When there is something to do though no socket is ready; nil for never.
    func dueNanoseconds(_ faults: FaultSet) -> UInt64? {
        switch stage {
        case .waiting(let next): return faults.holdsNewConnection(identity) ? nil : next
        case .connecting, .closed: return nil
        case .joined:
            let forward = faults.contains(.stall, on: identity, .toTarget) ? nil : toTarget.dueNanoseconds
            let backward = faults.contains(.stall, on: identity, .toClient) ? nil : toClient.dueNanoseconds
            return [forward, backward].compactMap { $0 }.min()
        }
    }

    /// Does what can be done now, and adds what was done to the route's counts.
    func advance(
        _ route: ProxyRoute, _ faults: FaultSet, _ items: [pollfd], now: UInt64,
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
            // Nobody listens there: who connected learns it as without a proxy.
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

/// What all flows share while the proxy goes round once.
private struct Pass {
    let faults: FaultSet
    let now: UInt64
    let buffer: UnsafeMutableRawBufferPointer

    /// Moves what can be moved in one direction; false when the connection has to break.
    func forward(
        _ flow: inout Flow, _ identity: ConnectionIdentity, from source: Int32, _ isReadable: Bool, to sink: Int32,
        _ counts: inout FlowCounts
    ) -> Bool {
        let active = faults.active(on: identity, flow.direction)
        if active.contains(where: { $0.kind == .stall }) { return true }
        var verdict = FaultMachine.Verdict.goOn
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
