internal import Glibc

/// Forwards stream connections to other addresses, and does to them what a bad network does.
///
/// Used by one thread. It waits for all sockets together, holds a bounded number of bytes for each direction, and stops
/// reading where the other side does not keep up.
package final class FaultProxy {
    private let states: [RouteState]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)

    /// Listens for all routes.
    ///
    /// - Throws: a name that stands twice, an address that cannot be listened at.
    package init(routes: [ProxyRoute], limits: ProxyLimits = ProxyLimits()) throws(FaultProxyError) {
        var names: Set<String> = []
        var states: [RouteState] = []
        for (number, route) in routes.enumerated() {
            let isUsable = route.name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
            guard isUsable, !route.name.isEmpty, names.insert(route.name).inserted else {
                throw .invalidRouteName(route.name)
            }
            states.append(try RouteState(route, number: number, limits: limits))
        }
        self.states = states
    }

    deinit {
        buffer.deallocate()
    }

    /// The routes, with the ports that the system chose.
    package var routes: [ProxyRoute] { states.map(\.route) }

    /// Obeys a command, and returns what there is to say about it: nothing, or counts.
    @discardableResult
    package func apply(_ command: ControlCommand) throws(FaultProxyError) -> String {
        switch command {
        case .set(let selection, let fault):
            for state in try select(selection) { state.set(fault) }
        case .unset(let selection, let fault):
            for state in try select(selection) { state.unset(fault) }
        case .clear(let selection, let kind):
            for state in try select(selection) { state.clear(kind) }
        case .reset(let selection, let client):
            for state in try select(selection) { state.reset(client: client) }
        case .counts(let selection):
            return try select(selection).map { "\($0.route.name) \($0.counts)" }.joined(separator: "; ")
        }
        return ""
    }

    /// Waits until something can be done, at most until `end` (nanoseconds of the monotonic clock), and does it.
    ///
    /// Says whether there is something to read at the descriptor `control`, for which it waits as well; -1 is none.
    package func goRound(control: Int32, until end: UInt64?) throws(FaultProxyError) -> Bool {
        var now = Self.now
        var items = [pollfd(fd: control, events: Int16(POLLIN), revents: 0)]
        for state in states { state.appendInterest(to: &items, now: now) }
        let due = (states.map(\.dueNanoseconds) + [end]).compactMap { $0 }.min()
        guard poll(&items, nfds_t(items.count), Self.waitingMilliseconds(until: due, now: now)) >= 0 || errno == EINTR
        else { throw .system("wait for connections", errno) }
        now = Self.now
        for state in states { state.advance(items, now: now, buffer) }
        return items[0].revents != 0
    }

    /// What `poll` is told: rounded up, and -1 for no limit.
    private static func waitingMilliseconds(until due: UInt64?, now: UInt64) -> Int32 {
        guard let due else { return -1 }
        return due <= now ? 0 : Int32(clamping: min((due - now) / 1_000_000 + 1, 60_000))
    }

    private func select(_ selection: RouteSelection) throws(FaultProxyError) -> [RouteState] {
        guard case .named(let names) = selection else { return states }
        var selected: [RouteState] = []
        for name in names {
            guard let state = states.first(where: { $0.route.name == name }) else {
                throw .unknownRoute(name, known: states.map(\.route.name))
            }
            selected.append(state)
        }
        return selected
    }
}
