import Glibc
import Runs

/// A directory that only this user may enter (mode 0700), for the sockets of one run; removed with its content.
package struct PrivateDirectory: ~Copyable {
    package let path: String

    /// Makes a new directory under `$XDG_RUNTIME_DIR`, or `/tmp` (socket paths must be short).
    package init(environment: [String: String]) throws(LaunchError) {
        var template = Array("\(Self.parent(environment: environment))/selvedge-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .system("make a private directory", errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Where such directories are made.
    static func parent(environment: [String: String]) -> String {
        let folder = environment["XDG_RUNTIME_DIR"].flatMap { access($0, W_OK) == 0 && $0.utf8.count < 60 ? $0 : nil }
        return folder ?? "/tmp"
    }

    deinit {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(directory)
        }
        rmdir(path)
    }
}

/// A file in which a coordinator writes the path of its run directory for the supervisor, which starts its successor.
///
/// Its last byte is a line end: a file without one was cut short and counts as missing.
package enum RunAnnouncement {
    /// The file's name, in the private directory of the run's sockets.
    package static let fileName = "run"
    private static let byteLimit = 1 << 16

    /// Writes the file anew. Throws the system's error.
    package static func write(run: String, to file: String) throws(ClusterError) {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
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

    /// The path that the file holds; nil when the file is missing or cut short.
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

/// Cleans up after a supervisor that was killed: its children remove the private directory of their sockets.
package enum AbandonedSockets {
    /// For the end of a supervised process: removes what its supervisor cannot remove any more, if that is gone.
    ///
    /// `socket` is the address of the process's own socket, `announcement` the coordinator's file in the directory of
    /// the run. A directory of one run goes with all its sockets; several children may do so at once. From the directory
    /// in which the ranks of a host meet only the own socket goes, and the directory after the last one. Touches only a
    /// private directory of this user.
    package static func removeIfSupervisorIsGone(socket address: String, announcement: String? = nil) {
        guard SupervisorPipe.isHungUp else { return }
        if let announcement { removeRun(around: announcement) }
        guard address.hasPrefix("ipc://") else { return }
        let path = String(address.dropFirst("ipc://".count))
        removeRun(around: path)
        if isMeeting(folder(of: path)) { leave(socket: path) }
    }

    /// The same for a worker of the coordinator at an address.
    package static func removeIfSupervisorIsGone(worker name: String, of coordinator: String) {
        removeIfSupervisorIsGone(socket: PeerNetwork.inboxPath(besides: coordinator, name: name))
    }

    private static func removeRun(around path: String) {
        let directory = folder(of: path)
        if lastName(of: directory).hasPrefix("selvedge-") { removeSockets(in: directory) }
    }

    /// Removes a process's own socket from the directory in which the ranks of a host meet, and the directory once it is
    /// empty.
    static func leave(socket path: String) {
        let directory = folder(of: path)
        guard isMeeting(directory), isPrivate(directory) else { return }
        unlink(path)
        rmdir(directory)
    }

    private static func isMeeting(_ directory: String) -> Bool { lastName(of: directory).hasPrefix("selvedge.") }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    private static func lastName(of directory: String) -> Substring { directory.split(separator: "/").last ?? "" }

    private static func isPrivate(_ directory: String) -> Bool {
        var information = stat()
        return lstat(directory, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
            && information.st_mode & 0o777 == 0o700 && information.st_uid == geteuid()
    }

    /// Removes a private directory of this user that has sockets and an announcement alone.
    static func removeSockets(in directory: String) {
        guard isPrivate(directory), let names = try? FileOperations().list(directory) else { return }
        var information = stat()
        for name in names {
            let path = "\(directory)/\(name)"
            guard lstat(path, &information) == 0 else { continue }
            if information.st_mode & S_IFMT == S_IFSOCK || name == RunAnnouncement.fileName { unlink(path) }
        }
        rmdir(directory)
    }
}
