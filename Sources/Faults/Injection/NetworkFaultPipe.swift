import Core
import Glibc

/// The pipe through which processes report triggered network faults to the proxy of their run; this is the proxy's end.
package struct NetworkFaultPipe: ~Copyable {
    /// Readable when faults were triggered.
    package let descriptor: Int32
    private var partial: [UInt8] = []

    /// Makes the pipe in the faults' folder, where processes look for it.
    package init(folder: String) throws(FaultError) {
        let path = Self.path(folder)
        let made = mkfifo(path, 0o600) == 0 || errno == EEXIST
        // Opened for reading and writing, so that it does not end when the last process closes it.
        descriptor = made ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw FaultError(.folder("the pipe \(quoted(path)) cannot be created: \(reason); choose another folder"))
        }
    }

    deinit { close(descriptor) }

    private static func path(_ folder: String) -> String { "\(folder)/network" }

    /// Reports a fault of this process to the proxy; false when none is running.
    static func send(_ fault: Fault, folder: String) -> Bool {
        let descriptor = open(path(folder), O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // A line is shorter than what a pipe accepts in one piece.
        let line = Array("\(getpid()) \(fault)\n".utf8)
        return write(descriptor, line, line.count) == line.count
    }

    /// A fault and the process that it affects.
    package struct Event: Sendable, Equatable {
        package var fault: Fault
        package var processIdentifier: Int32
    }

    /// The faults since the last call. Does not block.
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
