import Glibc

extension Endpoint {
    /// Throws `needsKeys` for an address that other users or hosts can reach, unless keys protect it or the user
    /// accepts that.
    package func checkAccess(hasKeys: Bool, isInsecure: Bool) throws(TransportError) {
        if hasKeys || isInsecure { return }
        guard try isPrivate else { throw .needsKeys(description) }
    }

    /// Whether only processes of this user can connect to it: a socket file below a folder that no other user may
    /// enter, or a name within this process. Addresses of the loopback interface and abstract sockets are open to every
    /// user.
    var isPrivate: Bool {
        get throws(TransportError) {
            switch self {
            case .inproc: true
            case .tcp: false
            case .ipc(let path): path.hasPrefix("@") ? false : try Self.isPrivate(folderOf: path)
            }
        }
    }

    private static func isPrivate(folderOf path: String) throws(TransportError) -> Bool {
        let parent = path.lastIndex(of: "/").map { path[..<$0] + "/" } ?? "."
        guard let resolved = realpath(String(parent), nil) else {
            throw .failed(operation: "use", endpoint: "ipc://\(path)", reason: systemErrorText(errno))
        }
        var folder = String(cString: resolved)[...]
        free(resolved)
        while !folder.isEmpty {
            var status = stat()
            if stat(String(folder), &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 {
                return true
            }
            folder = folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)]
        }
        return false
    }
}
