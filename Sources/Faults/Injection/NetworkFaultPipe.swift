import Core
import Glibc

/// The end of the pipe at which a proxy hears of network faults that strike.
package struct NetworkFaultPipe: ~Copyable {
    /// Readable when faults have struck.
    package let descriptor: Int32
    private var partial: [UInt8] = []

    /// Makes the pipe in the faults' folder, where processes look for it.
    package init(folder: String) throws(FaultError) {
        let path = "\(folder)/\(FaultFolder.networkName)"
        let made = mkfifo(path, 0o600) == 0 || errno == EEXIST
        // Open for both, so that it never ends while processes come and go.
        descriptor = made ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw FaultError(.folder("the pipe \(quoted(path)) cannot be made: \(reason); choose another folder"))
        }
    }

    deinit { close(descriptor) }

    /// A fault and the process that it befalls.
    package struct Event: Sendable, Equatable {
        package var fault: Fault
        package var processIdentifier: Int32
    }

    /// What has struck since the last call. Never waits.
    package mutating func read() -> [Event] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count > 0 { partial += buffer[..<count] }
            guard count > 0 || (count < 0 && errno == EINTR) else { break }
        }
        guard let end = partial.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let lines = partial[..<end].split(separator: UInt8(ascii: "\n"))
        let events = lines.compactMap { Self.event(String(decoding: $0, as: UTF8.self)) }
        partial.removeSubrange(...end)
        return events
    }

    private static func event(_ line: String) -> Event? {
        let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2, let identifier = Int32(parts[0]), let fault = try? Fault(parsing: parts[1]) else {
            return nil
        }
        return Event(fault: fault, processIdentifier: identifier)
    }
}
