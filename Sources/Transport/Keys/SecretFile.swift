import Glibc

/// Reads and writes files with secret keys. A file that other users could read or replace is refused.
package enum SecretFile {
    /// More than the longest key file.
    static let byteLimit = 1 << 17

    /// What the system says about a file and the directory that its path names.
    struct Facts: Equatable {
        var isRegular = true
        /// Whether the last part of the path is a symbolic link.
        var isLink = false
        var owner: uid_t
        var mode: mode_t
        var user: uid_t
        /// What is known about a link: its own owner, and whether link and target lie in one read-only mount that
        /// begins at the link's directory.
        var linkOwner: uid_t = 0
        var isInReadOnlyMount = false
    }

    /// The refusal of a file with these facts; nil if it can be used.
    ///
    /// One kind of link is followed: kubelet mounts a Secret read-only, as files of root behind links of root within
    /// the mount, and gives a process of another user access through the group (`fsGroup`). No process of the container
    /// can change these.
    static func refusal(of facts: Facts, path: String) -> KeyFileError? {
        guard facts.isRegular else { return .notAFile(path) }
        if facts.isLink {
            guard facts.isInReadOnlyMount, facts.linkOwner == 0, facts.owner == 0 else { return .link(path) }
            return facts.mode & 0o027 == 0 ? nil : .openMode(path, mode: facts.mode)
        }
        guard facts.owner == facts.user else { return .otherUser(path) }
        return facts.mode & 0o077 == 0 ? nil : .openMode(path, mode: facts.mode)
    }

    // MARK: Reading

    /// The text of a file that only this user can read.
    package static func read(path: String) throws(KeyFileError) -> String {
        // Opening a pipe or a device must not block.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        var descriptor = open(path, flags | O_NOFOLLOW)
        let isLink = descriptor < 0 && errno == ELOOP
        if isLink { descriptor = open(path, flags) }
        guard descriptor >= 0 else { throw .system("open the key file \(path)", code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("read the key file \(path)", code: errno) }
        var facts = Facts(
            isRegular: status.st_mode & S_IFMT == S_IFREG, isLink: isLink, owner: status.st_uid,
            mode: status.st_mode & 0o7777, user: geteuid())
        if isLink { describeLink(path, target: status, &facts) }
        if let refusal = refusal(of: facts, path: path) { throw refusal }
        return try read(descriptor: descriptor, source: path)
    }

    private static func describeLink(_ path: String, target: stat, _ facts: inout Facts) {
        let directory = path.lastIndex(of: "/").map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) } ?? "."
        var (link, here, above) = (stat(), stat(), stat())
        var mount = statvfs()
        guard lstat(path, &link) == 0, stat(directory, &here) == 0, stat(directory + "/..", &above) == 0,
            statvfs(directory, &mount) == 0
        else { return }
        facts.linkOwner = link.st_uid
        facts.isInReadOnlyMount =
            mount.f_flag & UInt(ST_RDONLY) != 0 && here.st_dev != above.st_dev && link.st_dev == here.st_dev
            && target.st_dev == here.st_dev
    }

    /// The text that can be read from a descriptor up to its end, for secrets that are in no file. `source` names it.
    package static func read(descriptor: Int32, source: String) throws(KeyFileError) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system("read \(source)", code: errno) }
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= byteLimit else { throw .tooLong(source) }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText(source) }
        return text
    }

    /// The line after a secret text on a pipe.
    static let pipeEnd = "end-of-keys"

    /// The text that precedes the line `pipeEnd` on a pipe. What follows that line stays unread.
    package static func readPiped(descriptor: Int32, source: String) throws(KeyFileError) -> String {
        let end = Array("\n\(pipeEnd)\n".utf8)
        var bytes: [UInt8] = []
        while !bytes.suffix(end.count).elementsEqual(end) {
            var byte: UInt8 = 0
            let count = Glibc.read(descriptor, &byte, 1)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system("read \(source)", code: errno) }
            guard count > 0 else { throw .cutShort(source) }
            bytes.append(byte)
            guard bytes.count <= byteLimit else { throw .tooLong(source) }
        }
        guard let text = String(validating: bytes.dropLast(end.count - 1), as: UTF8.self) else {
            throw .notText(source)
        }
        return text
    }

    // MARK: Writing

    /// Writes a new file with mode 0600. Throws when there is a file with that name, and removes what it could not
    /// finish.
    package static func write(_ text: String, to path: String) throws(KeyFileError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("make the key file \(path)", code: errno) }
        var rest = Array(text.utf8)[...]
        var code: Int32 = 0
        while !rest.isEmpty, code == 0 {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written >= 0 { rest = rest.dropFirst(written) } else if errno != EINTR { code = errno }
        }
        if code == 0, fsync(descriptor) != 0 { code = errno }
        if close(descriptor) != 0, code == 0 { code = errno }
        guard code == 0 else {
            unlink(path)
            throw .system("write the key file \(path)", code: code)
        }
    }
}

/// The system's text for an error number.
func systemErrorText(_ code: Int32) -> String { String(cString: strerror(code)) }
