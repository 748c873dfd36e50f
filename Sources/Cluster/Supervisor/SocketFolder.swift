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
    /// For the end of a supervised process: removes the directory of the socket file of `address` with its sockets and
    /// announcement if the supervisor is gone. Several children may do so at once. Touches only a private directory of
    /// this user with the name of a run's.
    package static func removeIfSupervisorIsGone(around address: String) {
        guard SupervisorPipe.isHungUp else { return }
        guard address.hasPrefix("ipc://"), let end = address.lastIndex(of: "/") else { return }
        let directory = String(address[..<end].dropFirst("ipc://".count))
        guard directory.split(separator: "/").last?.hasPrefix("selvedge-") ?? false else { return }
        removeSockets(in: directory)
    }

    /// Removes a private directory of this user that has sockets and an announcement alone.
    static func removeSockets(in directory: String) {
        var information = stat()
        guard lstat(directory, &information) == 0, information.st_mode & S_IFMT == S_IFDIR,
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
