import Glibc

/// The file of a Unix-domain socket, before this process listens there.
///
/// libzmq removes what has that name. A socket at which another process listens, and a file that is no socket, are
/// kept.
enum SocketFile {
    /// Refuses a path that is in use. A socket file that a dead process left is free.
    static func checkFree(_ path: String) throws(TransportError) {
        // A name outside of the file system, which no file can have.
        if path.hasPrefix("@") { return }
        var information = stat()
        guard lstat(path, &information) == 0 else { return }
        guard information.st_mode & S_IFMT == S_IFSOCK else {
            throw .failed(
                operation: "listen on", endpoint: "ipc://\(path)",
                reason: "a file that is no socket has this name: move it, or choose another address")
        }
        guard hasListener(path) else { return }
        throw .failed(
            operation: "listen on", endpoint: "ipc://\(path)",
            reason: "another process listens there: end it, or choose another address")
    }

    private static func hasListener(_ path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // One byte less than the field has: the path ends with a zero.
        let room = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard path.utf8.count <= room else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // With a full queue the call fails, and there is a listener.
        return status == 0 || errno != ECONNREFUSED && errno != ENOENT
    }
}
