import Foundation
import Glibc
import Synchronization

/// A relay on the loopback between workers and a coordinator that records what passes, and can send it again.
final class Wiretap: Sendable {
    let port: UInt16
    private let target: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        var isOver = false
        /// What each connection sent to the coordinator, in the order of the connections.
        var toCoordinator: [[UInt8]] = []
        var toWorkers: [UInt8] = []
        /// Whether the next frame to the coordinator is to be sent twice.
        var repeatsNext = false
        var hasRepeated = false
    }

    /// Both ends of a connection.
    private struct Connection {
        let worker: Int32
        let coordinator: Int32
    }

    /// Listens at a free port, and forwards to `target` in a thread until it is closed.
    init(to target: UInt16) throws {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard let port = Loopback.listen(listener) else {
            throw Selvedge.Failure(description: "the relay cannot listen: \(errno)")
        }
        self.port = port
        Thread { self.forward() }.start()
    }

    /// What the connections sent to the coordinator so far.
    var sessions: [[UInt8]] { state.withLock { $0.toCoordinator } }

    /// Whether a frame went twice to the coordinator.
    var hasRepeated: Bool { state.withLock { $0.hasRepeated } }

    /// Sends the next frame to the coordinator twice.
    func repeatNext() { state.withLock { $0.repeatsNext = true } }

    /// Whether a text passed in one piece, in either direction.
    func contains(_ text: String) -> Bool {
        let (sent, received) = state.withLock { ($0.toCoordinator, $0.toWorkers) }
        let sought = Data(text.utf8)
        return (sent + [received]).contains { Data($0).range(of: sought) != nil }
    }

    func close() { state.withLock { $0.isOver = true } }

    private func forward() {
        var connections: [Connection] = []
        defer { for end in connections.flatMap({ [$0.worker, $0.coordinator] }) + [listener] { Glibc.close(end) } }
        while !state.withLock({ $0.isOver }) {
            var items = ([listener] + connections.flatMap { [$0.worker, $0.coordinator] })
                .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&items, nfds_t(items.count), 20) > 0 else { continue }
            var closed: [Int] = []
            for (index, connection) in connections.enumerated() {
                let isUp = items[1 + 2 * index].revents == 0 || forward(connection, index, toCoordinator: true)
                let isDown = items[2 + 2 * index].revents == 0 || forward(connection, index, toCoordinator: false)
                if !isUp || !isDown { closed.append(index) }
            }
            // A closed connection keeps its number, so that what it sent stays apart.
            for index in closed where connections[index].worker >= 0 {
                Glibc.close(connections[index].worker)
                Glibc.close(connections[index].coordinator)
                connections[index] = Connection(worker: -1, coordinator: -1)
            }
            guard items[0].revents != 0 else { continue }
            let worker = accept(listener, nil, nil)
            guard worker >= 0 else { continue }
            guard let coordinator = try? Loopback.connection(to: target) else {
                Glibc.close(worker)
                continue
            }
            connections.append(Connection(worker: worker, coordinator: coordinator))
            state.withLock { $0.toCoordinator.append([]) }
        }
    }

    /// Forwards what has arrived; false at the end of the connection.
    private func forward(_ connection: Connection, _ index: Int, toCoordinator: Bool) -> Bool {
        let (source, sink) =
            toCoordinator
            ? (connection.worker, connection.coordinator) : (connection.coordinator, connection.worker)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(source, &buffer, buffer.count)
        guard count > 0 else { return false }
        let bytes = Array(buffer[..<count])
        let repeated: [UInt8] = state.withLock { state in
            guard toCoordinator else {
                state.toWorkers += bytes
                return []
            }
            state.toCoordinator[index] += bytes
            guard state.repeatsNext, let frame = Self.lastFrame(of: state.toCoordinator[index]) else { return [] }
            (state.repeatsNext, state.hasRepeated) = (false, true)
            return frame
        }
        return Loopback.send(bytes, sink) && (repeated.isEmpty || Loopback.send(repeated, sink))
    }

    /// The greeting of a session and its whole frames (ZMTP 3: flags, a size of one or eight bytes, content).
    static func pieces(of session: [UInt8]) -> [[UInt8]] {
        guard session.count >= greetingByteCount else { return [] }
        var pieces = [Array(session[..<greetingByteCount])]
        var start = greetingByteCount
        while start + 9 <= session.count || (start + 2 <= session.count && session[start] & longFlag == 0) {
            let header = session[start] & longFlag == 0 ? 2 : 9
            let size = session[start + 1..<start + header].reduce(0) { $0 << 8 | Int($1) }
            guard start + header + size <= session.count else { break }
            pieces.append(Array(session[start..<start + header + size]))
            start += header + size
        }
        return pieces
    }

    /// The last frame of a session; nil in the middle of one.
    private static func lastFrame(of session: [UInt8]) -> [UInt8]? {
        let pieces = pieces(of: session)
        return pieces.count > 1 && pieces.joined().count == session.count ? pieces.last : nil
    }

    private static let greetingByteCount = 64
    private static let longFlag: UInt8 = 2
}

/// Connections of tests on the loopback.
enum Loopback {
    private static func withAddress<Result>(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// Lets a socket listen at a free port, and returns it; nil with `errno`.
    static func listen(_ descriptor: Int32) -> UInt16? {
        guard withAddress(0, { bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 64) == 0 else { return nil }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return status == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }

    static func connection(to port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard withAddress(port, { connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            throw Selvedge.Failure(description: "no connection to port \(port): \(errno)")
        }
        return descriptor
    }

    /// Sends bytes; returns whether the connection took them.
    @discardableResult
    static func send(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        let count = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        return count == bytes.count
    }
}
