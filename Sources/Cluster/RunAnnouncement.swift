import Glibc

/// A file in which a coordinator leaves the path of its run directory for whoever starts its successor.
///
/// Its last byte is a line end: what is there without one was cut short, and says nothing.
package enum RunAnnouncement {
    /// The file's name, in the private directory of the run's sockets.
    package static let fileName = "run"
    private static let byteLimit = 1 << 16

    /// Writes the file anew. Throws the system's error.
    package static func write(run: String, to file: String) throws(ClusterError) {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("write \(file)", errno) }
        defer { close(descriptor) }
        var bytes = Array((run + "\n").utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw .system("write \(file)", errno) }
            bytes = bytes.dropFirst(written)
        }
    }

    /// The path that the file holds; nil when there is none, or not all of it.
    package static func run(in file: String) -> String? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= byteLimit {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        guard bytes.count > 1, bytes.count <= byteLimit, bytes.last == UInt8(ascii: "\n") else { return nil }
        return String(validating: bytes.dropLast(), as: UTF8.self)
    }
}
