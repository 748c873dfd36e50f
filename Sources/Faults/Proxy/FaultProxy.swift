import Core
internal import Glibc

/// Forwards stream connections to other addresses, and applies faults to their traffic.
///
/// Used by one thread. It waits for all sockets together, holds a bounded number of bytes for each direction, and stops
/// reading where the other side does not keep up.
package final class FaultProxy {
    private let states: [RouteState]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)

    /// Listens for all routes.
    ///
    /// - Throws: for a name that is used twice or an address at which it cannot listen.
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

    /// Applies a command. Returns counts if it asks for them, else an empty text.
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

    /// Waits for sockets, timers or the descriptor `control` (-1 for none), at most until `end` (nanoseconds of the
    /// monotonic clock), then forwards once. Returns whether `control` is readable.
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

    /// The time-out for `poll`: rounded up, -1 for no limit.
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

extension FaultProxy {
    /// Forwards, and applies the command lines that it reads from `control`, until that ends.
    ///
    /// Each line is answered with a line on `replies`: `ok`, `ok` and counts, or `error` and the reason.
    package func run(control: Int32, replies: Int32) throws(FaultProxyError) {
        var lines = ControlLines(descriptor: control)
        while !lines.hasEnded {
            if try goRound(control: control, until: nil) {
                for line in lines.read() { Self.answer(reply(to: line), at: replies) }
            }
        }
    }

    private func reply(to line: ControlLines.Line) -> String {
        do throws(FaultProxyError) {
            guard case .text(let text) = line else {
                throw .invalidCommand("…", reason: "a line has at most \(ControlCommand.lineByteLimit) bytes")
            }
            let words = try apply(ControlCommand(parsing: text))
            return words.isEmpty ? "ok" : "ok \(words)"
        } catch {
            return "error \(error)"
        }
    }

    /// Replies are optional: what cannot be written is lost.
    private static func answer(_ text: String, at descriptor: Int32) {
        var bytes = Array((text + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Nanoseconds of the monotonic clock.
    package static var now: UInt64 { UInt64(MonotonicTime.now.nanoseconds) }
}

/// Bounds of what a proxy holds.
package struct ProxyLimits: Sendable {
    /// A longer message or frame ends its connection.
    package var messageByteCount = 64 << 20
    /// A direction with more buffered bytes is not read.
    package var bufferByteCount = 1 << 20
    /// Connections of one route; further ones wait in the kernel's queue.
    package var connectionCount = 256

    package init() {}
}

/// Why a proxy cannot be started or a command not be applied.
package enum FaultProxyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The proxy cannot use an address.
    case invalidAddress(String, reason: String)
    /// A route's name has other characters than letters, digits and hyphens, or is used twice.
    case invalidRouteName(String)
    /// No route has this name.
    case unknownRoute(String, known: [String])
    /// A control line is not a command.
    case invalidCommand(String, reason: String)
    /// A system call failed: the action and the error number.
    case system(String, Int32)

    package var description: String {
        switch self {
        case .invalidAddress(let text, let reason): "\(quoted(text)) is not an address: \(reason)"
        case .invalidRouteName(let name):
            "\(quoted(name)) cannot be the name of a route: use letters, digits and hyphens, each name once"
        case .unknownRoute(let name, let known):
            "there is no route \(quoted(name)): routes are \(known.joined(separator: ", "))"
        case .invalidCommand(let text, let reason): "\(quoted(text)) is not a command: \(reason)"
        case .system(let action, let number): "cannot \(action): \(String(cString: strerror(number)))"
        }
    }
}
