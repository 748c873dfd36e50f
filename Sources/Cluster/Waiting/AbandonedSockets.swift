import Glibc
import Runs

/// Tidies up for a supervisor that was killed: its children remove the private directory of their sockets.
enum AbandonedSockets {
    /// Removes the directory that holds the socket file of `address`, with every socket and the announcement in it; any of
    /// the children may do it, and all may. Leaves alone what is not a private directory of this user with sockets of a run.
    static func remove(around address: String) {
        guard address.hasPrefix("ipc://"), let end = address.lastIndex(of: "/") else { return }
        let directory = String(address[..<end].dropFirst("ipc://".count))
        var information = stat()
        guard directory.split(separator: "/").last?.hasPrefix("selvedge-") ?? false,
            lstat(directory, &information) == 0, information.st_mode & S_IFMT == S_IFDIR,
            information.st_mode & 0o777 == 0o700, information.st_uid == geteuid(),
            let names = try? FileOperations().list(directory)
        else { return }
        for name in names {
            let path = "\(directory)/\(name)"
            guard lstat(path, &information) == 0 else { continue }
            if information.st_mode & S_IFMT == S_IFSOCK || name == RunAnnouncement.fileName { unlink(path) }
        }
        rmdir(directory)
    }
}
