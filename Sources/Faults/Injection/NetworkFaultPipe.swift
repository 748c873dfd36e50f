import Glibc

/// The end of the pipe at which a proxy hears of network faults that strike.
public struct NetworkFaultPipe: ~Copyable {
    /// Readable when faults have struck.
    public let descriptor: Int32
    private var partial: [UInt8] = []

    /// Makes the pipe in the faults' folder, where processes look for it.
    public init(folder: String) throws(FaultError) {
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

    /// The faults that have struck since the last call. Never waits.
    public mutating func read() -> [Fault] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count > 0 { partial += buffer[..<count] }
            guard count > 0 || (count < 0 && errno == EINTR) else { break }
        }
        guard let end = partial.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let lines = partial[..<end].split(separator: UInt8(ascii: "\n"))
        let faults = lines.compactMap { try? Fault(parsing: String(decoding: $0, as: UTF8.self)) }
        partial.removeSubrange(...end)
        return faults
    }
}
