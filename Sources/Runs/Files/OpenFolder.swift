import Core
import Glibc

/// Who may use the files and folders that a process makes. The umask can take more away.
package enum FileAccess: Sendable, Equatable {
    /// Their owner only: files 0600, folders 0700.
    case owner
    /// The owner's group can read: files 0640, folders 0750.
    case group
    /// Everyone can read: files 0644, folders 0755. For results whose place the user names.
    case everyone

    var fileMode: mode_t {
        switch self {
        case .owner: 0o600
        case .group: 0o640
        case .everyone: 0o644
        }
    }

    var folderMode: mode_t {
        switch self {
        case .owner: 0o700
        case .group: 0o750
        case .everyone: 0o755
        }
    }
}

/// A folder that is open. Names in it are looked up relative to its descriptor, without following links: a folder that
/// takes its path later, or a link in place of one of its files, leads no write elsewhere.
///
/// Errors, and the interceptor and observer of ``FileOperations``, get whole paths.
package final class OpenFolder: Sendable {
    package let path: String
    let files: FileOperations
    /// Of the files and folders that are made in it.
    let access: FileAccess
    let descriptor: Int32

    /// Opens a folder whose path the user chose: links that lead to it are followed.
    package convenience init(
        at path: String, access: FileAccess, files: FileOperations = FileOperations()
    ) throws(FileError) {
        let path = PathText.trimmingSlashes(path)
        self.init(path, access, files, owning: try files.open(path, O_RDONLY | O_DIRECTORY))
    }

    private init(_ path: String, _ access: FileAccess, _ files: FileOperations, owning descriptor: Int32) {
        self.path = path
        self.access = access
        self.files = files
        self.descriptor = descriptor
    }

    deinit { files.closeQuietly(descriptor) }

    /// Opens the folder at a path, and makes it and its missing parents first. Their names are durable when this
    /// returns.
    package static func making(
        _ path: String, access: FileAccess, files: FileOperations = FileOperations()
    ) throws(FileError) -> OpenFolder {
        try files.makeDirectories(path, access: access)
        return try OpenFolder(at: path, access: access, files: files)
    }

    /// The path of an entry, for messages.
    func path(_ name: String) -> String {
        switch path {
        case ".": name
        case "/": "/" + name
        default: path + "/" + name
        }
    }

    /// A folder in this one.
    package func folder(_ name: String) throws(FileError) -> OpenFolder {
        OpenFolder(path(name), access, files, owning: try open(name, O_RDONLY | O_DIRECTORY))
    }

    /// Opens a folder in this one, and makes it first where it is missing. Its name is durable when this returns.
    package func makingFolder(_ name: String) throws(FileError) -> OpenFolder {
        do {
            try makeFolder(name)
        } catch  where error.code == EEXIST {
            return try folder(name)
        }
        try synchronize()
        return try folder(name)
    }

    /// The same folder, for files that only people read: their operations reach no interceptor or observer.
    func unobserved() throws(FileError) -> OpenFolder {
        let files = FileOperations()
        return OpenFolder(
            path, access, files, owning: try files.call(.open, path) { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) })
    }

    /// Refuses a folder in which other users can replace files.
    ///
    /// - Throws: `FolderError` where it belongs to another user, or its group or everyone can write to it.
    package func checkOnlyOwnerWrites() throws(FolderError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return }
        guard status.st_uid == geteuid() else { throw .otherOwner(path: path, user: status.st_uid) }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw .writableByOthers(path: path, mode: status.st_mode & 0o7777)
        }
    }
}

// MARK: - Entries

extension OpenFolder {
    /// An open file or folder; the caller closes it.
    func open(_ name: String, _ flags: Int32) throws(FileError) -> Int32 {
        let path = path(name)
        let isNew = files.isObserved && flags & O_CREAT != 0 && !exists(name)
        do throws(FileError) {
            let opened = try files.call(.open, path) {
                openat(descriptor, name, flags | O_NOFOLLOW | O_CLOEXEC, access.fileMode)
            }
            if isNew { files.notify(.made(path: path)) }
            return opened
        } catch {
            // For a link in place of a folder the system reports that it is no folder.
            guard error.code == ENOTDIR, isLink(name) else { throw error }
            throw FileError(operation: .open, path: path, code: ELOOP)
        }
    }

    func rename(_ name: String, to target: String) throws(FileError) {
        _ = try files.call(.rename, path(name)) { renameat(descriptor, name, descriptor, target) }
        files.notify(.renamed(path: path(name), target: path(target)))
    }

    /// Gives a file a second name.
    func link(_ name: String, to target: String) throws(FileError) {
        _ = try files.call(.link, path(name)) { linkat(descriptor, name, descriptor, target, 0) }
        files.notify(.linked(path: path(name), target: path(target)))
    }

    func remove(_ name: String) throws(FileError) {
        _ = try files.call(.remove, path(name)) { unlinkat(descriptor, name, 0) }
        files.notify(.removed(path: path(name)))
    }

    /// Makes a folder; throws `EEXIST` when something of that name exists.
    func makeFolder(_ name: String) throws(FileError) {
        _ = try files.call(.makeDirectory, path(name)) { mkdirat(descriptor, name, access.folderMode) }
        files.notify(.madeDirectory(path: path(name)))
    }

    /// Makes the names in this folder durable.
    package func synchronize() throws(FileError) {
        try files.synchronize(descriptor, path)
    }

    /// Whether there is an entry of this name, a link included.
    package func exists(_ name: String) -> Bool {
        var status = stat()
        return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// The size of a file as its server has it now: opening a file asks a network file system again. Nil where it
    /// cannot be opened.
    func currentByteCount(of name: String) -> Int? {
        let opened = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else { return nil }
        defer { files.closeQuietly(opened) }
        var status = stat()
        return fstat(opened, &status) == 0 ? Int(status.st_size) : nil
    }

    private func isLink(_ name: String) -> Bool {
        var status = stat()
        return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// The names in this folder without "." and "..", sorted.
    package func list() throws(FileError) -> [String] {
        // Another descriptor of the folder, with a position of its own.
        let opened = try files.call(.list, path) { openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = fdopendir(opened) else {
            let code = errno
            files.closeQuietly(opened)
            throw FileError(operation: .list, path: path, code: code)
        }
        return try files.names(in: stream, path)
    }

    /// The whole of a file.
    ///
    /// - Throws: `FileError`; with `EFBIG` when the file is longer than `byteLimit`, before anything is allocated.
    package func read(_ name: String, byteLimit: Int) throws(FileError) -> [UInt8] {
        // A pipe in place of a file must not block.
        let opened = try open(name, O_RDONLY | O_NONBLOCK)
        defer { files.closeQuietly(opened) }
        return try files.read(opened, path(name), byteLimit: byteLimit)
    }
}

/// Why a folder is not safe to write to. Each description is one line.
package enum FolderError: Error, Sendable, Equatable, CustomStringConvertible {
    case otherOwner(path: String, user: UInt32)
    case writableByOthers(path: String, mode: UInt32)

    package var description: String {
        switch self {
        case .otherOwner(let path, let user):
            "the folder \(quoted(path)) belongs to user \(user), who could replace its files: choose a folder of your own"
        case .writableByOthers(let path, let mode):
            "other users can write to the folder \(quoted(path)) (mode \(String(mode, radix: 8))): "
                + "run chmod go-w on it, or choose another folder"
        }
    }
}
