internal import Glibc

/// A route with its listener, faults and connections.
final class RouteState {
    let route: ProxyRoute
    private let number: UInt32
    private let limits: ProxyLimits
    private let listener: Int32
    private(set) var faults = TrafficFaultSet()
    private(set) var counts = RouteCounts()
    private var acceptedCount: UInt32 = 0
    private var connections: [ProxiedConnection] = []
    private var listenerIndex = 0

    init(_ route: ProxyRoute, number: Int, limits: ProxyLimits) throws(FaultProxyError) {
        self.number = UInt32(truncatingIfNeeded: number)
        self.limits = limits
        listener = try StreamSocket.listen(at: route.listen)
        var bound = route
        bound.listen = StreamSocket.boundAddress(listener, asked: route.listen)
        self.route = bound
    }

    deinit {
        close(listener)
        if case .ipc(let path) = route.listen { unlink(path) }
    }

    func set(_ fault: TrafficFault) { faults.set(fault, acceptedCount: acceptedCount) }

    func unset(_ fault: TrafficFault) { faults.unset(fault) }

    func clear(_ kind: FaultKind?) { faults.clear(kind) }

    /// Breaks the open connections: all, or those of a process.
    func reset(client: Int32?) {
        for connection in connections where client == nil || connection.identity.client == client {
            connection.reset()
            counts.reset += 1
        }
        connections.removeAll(where: \.isClosed)
    }

    func appendInterest(to items: inout [pollfd], now: UInt64) {
        listenerIndex = items.count
        let accepts = connections.count < limits.connectionCount
        items.append(pollfd(fd: accepts ? listener : -1, events: Int16(POLLIN), revents: 0))
        for connection in connections { connection.appendInterest(to: &items, faults, now: now) }
    }

    var dueNanoseconds: UInt64? { connections.compactMap { $0.dueNanoseconds(faults) }.min() }

    func advance(_ items: [pollfd], now: UInt64, _ buffer: UnsafeMutableRawBufferPointer) {
        for connection in connections { connection.advance(route, faults, items, now: now, buffer, &counts) }
        connections.removeAll(where: \.isClosed)
        if items[listenerIndex].revents != 0 { acceptAll() }
    }

    private func acceptAll() {
        while connections.count < limits.connectionCount, let descriptor = StreamSocket.accept(listener) {
            let identity = ConnectionIdentity(
                route: number, number: acceptedCount, client: StreamSocket.peerProcess(descriptor))
            acceptedCount &+= 1
            if FlowDirection.allCases.contains(where: { faults.contains(.refuse, on: identity, $0) }) {
                counts.refused += 1
                StreamSocket.reset(descriptor)
            } else {
                counts.accepted += 1
                connections.append(ProxiedConnection(identity, client: descriptor, limits))
            }
        }
    }
}

/// Counts of one direction of a route.
struct FlowCounts: Sendable, Equatable {
    /// Messages that the proxy received.
    var messages: UInt64 = 0
    /// Bytes that it sent.
    var forwardedBytes: UInt64 = 0
    var dropped: UInt64 = 0
    var duplicated: UInt64 = 0
    /// Messages held back; not all of them were overtaken.
    var reordered: UInt64 = 0
    var corrupted: UInt64 = 0
    var delayed: UInt64 = 0

    static func += (left: inout FlowCounts, right: FlowCounts) {
        left.messages += right.messages
        left.forwardedBytes += right.forwardedBytes
        left.dropped += right.dropped
        left.duplicated += right.duplicated
        left.reordered += right.reordered
        left.corrupted += right.corrupted
        left.delayed += right.delayed
    }
}

/// Counts of a route.
struct RouteCounts: Sendable, Equatable, CustomStringConvertible {
    var accepted: UInt64 = 0
    var refused: UInt64 = 0
    /// Connections that the proxy broke.
    var reset: UInt64 = 0
    var toTarget = FlowCounts()
    var toClient = FlowCounts()

    var description: String {
        func text(_ way: FlowDirection, _ counts: FlowCounts) -> String {
            "\(way.rawValue) messages=\(counts.messages) bytes=\(counts.forwardedBytes) dropped=\(counts.dropped) "
                + "duplicated=\(counts.duplicated) reordered=\(counts.reordered) corrupted=\(counts.corrupted) "
                + "delayed=\(counts.delayed)"
        }
        return "accepted=\(accepted) refused=\(refused) reset=\(reset) \(text(.toTarget, toTarget)) "
            + text(.toClient, toClient)
    }
}
