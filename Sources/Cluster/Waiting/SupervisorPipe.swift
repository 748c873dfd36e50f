import Glibc

/// The pipe from a supervisor on standard input: lines of news; its end means that the supervisor is gone.
struct SupervisorPipe {
    let descriptor = STDIN_FILENO
    private var partial: [UInt8] = []
    private(set) var hasEnded = false
    private static let lineByteLimit = 4096

    /// Whether the supervisor is gone or has closed the pipe; lines written before may still be unread.
    static var isHungUp: Bool {
        var request = pollfd(fd: STDIN_FILENO, events: 0, revents: 0)
        return poll(&request, 1, 0) > 0 && request.revents & Int16(POLLHUP) != 0
    }

    /// Whether `readLines` finds lines or the end.
    static var isReadable: Bool {
        var request = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) > 0
    }

    /// The whole lines that have arrived. Call it when the descriptor is readable.
    mutating func readLines() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else {
            hasEnded = count == 0 || errno != EINTR
            return []
        }
        var lines: [String] = []
        for byte in buffer[..<count] {
            if byte == UInt8(ascii: "\n") {
                lines.append(String(decoding: partial, as: UTF8.self))
                partial.removeAll(keepingCapacity: true)
            } else if partial.count < Self.lineByteLimit {
                partial.append(byte)
            }
        }
        return lines
    }
}
