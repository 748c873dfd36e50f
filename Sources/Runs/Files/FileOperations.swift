import Core
import Glibc

/// All system calls on files. Each is retried after an interruption and reports failure as a typed error.
///
/// A test passes an interceptor that makes chosen calls fail or write less, and so enumerates the points at which a
/// process can die.
package final class FileOperations: Sendable {
    /// What to do with a call.
    package enum Interception: Sendable, Equatable {
        case proceed
        /// The call is not made and fails with this `errno`.
        case fail(Int32)
        /// A write writes at most this many bytes.
        case shorten(Int)
        /// A synchronisation is skipped and reported as done.
        case omit
    }

    package typealias Interceptor = @Sendable (FileOperation, _ path: String) -> Interception
    /// Called with every change after it is made.
    package typealias Observer = @Sendable (FileChange) -> Void

    private let interceptor: Interceptor?
    private let observer: Observer?

    /// Operations on the real file system; `interceptor` is called before each call.
    package init(interceptor: Interceptor? = nil, observer: Observer? = nil) {
        self.interceptor = interceptor
        self.observer = observer
    }

    /// Whether changes are observed.
    var isObserved: Bool { observer != nil }

    /// Calls the interceptor; returns how many bytes a write may write, and 0 for a synchronisation to skip.
    @discardableResult
    private func begin(_ operation: FileOperation, _ path: String) throws(FileError) -> Int {
        switch interceptor?(operation, path) ?? .proceed {
        case .proceed: return Int.max
        case .fail(let code): throw FileError(operation: operation, path: path, code: code)
        case .shorten(let byteCount): return max(1, byteCount)
        case .omit:
            precondition(operation == .synchronize, "only a synchronisation can be skipped")
            return 0
        }
    }

    /// Calls the observer, if there is one.
    func notify(_ change: @autoclosure () -> FileChange) {
        if let observer { observer(change()) }
    }

    /// Runs a call that returns −1 on failure until it is not interrupted by a signal.
    func call<Result: SignedInteger>(
        _ operation: FileOperation, _ path: String, _ body: () -> Result
    ) throws(FileError) -> Result {
        try begin(operation, path)
        return try retrying(operation, path, body)
    }

    private func retrying<Result: SignedInteger>(
        _ operation: FileOperation, _ path: String, _ body: () -> Result
    ) throws(FileError) -> Result {
        while true {
            let result = body()
            if result != -1 { return result }
            let code = errno
            if code != EINTR { throw FileError(operation: operation, path: path, code: code) }
        }
    }
}

// MARK: - Descriptors

extension FileOperations {
    /// An open file; the caller closes it.
    func open(_ path: String, _ flags: Int32, mode: mode_t = 0o644) throws(FileError) -> Int32 {
        let isNew = isObserved && flags & O_CREAT != 0 && !exists(path)
        let descriptor = try call(.open, path) { Glibc.open(path, flags | O_CLOEXEC, mode) }
        if isNew { notify(.made(path: path)) }
        return descriptor
    }

    /// Closes the descriptor and reports a late write error. The descriptor is closed in any case: after an
    /// interruption Linux has released it, and closing it again could close another thread's file.
    func close(_ descriptor: Int32, _ path: String) throws(FileError) {
        do {
            try begin(.close, path)
        } catch {
            closeQuietly(descriptor)
            throw error
        }
        if Glibc.close(descriptor) == -1, errno != EINTR {
            throw FileError(operation: .close, path: path, code: errno)
        }
    }

    /// Closes a descriptor and ignores errors.
    func closeQuietly(_ descriptor: Int32) {
        _ = Glibc.close(descriptor)
    }

    /// Writes all bytes at `offset`, in as many calls as the system needs.
    func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int, _ path: String
    ) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let limit = try begin(.write, path)
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = try retrying(.write, path) {
                pwrite(descriptor, rest.baseAddress, min(rest.count, limit), off_t(offset + done))
            }
            notify(.wrote(path: path, offset: offset + done, bytes: Array(rest[..<count])))
            done += count
        }
    }

    /// Appends all bytes to a file that was opened with `O_APPEND`.
    func append(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let limit = try begin(.write, path)
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = try retrying(.write, path) { Glibc.write(descriptor, rest.baseAddress, min(rest.count, limit)) }
            notify(
                .wrote(path: path, offset: Int(lseek(descriptor, 0, SEEK_CUR)) - count, bytes: Array(rest[..<count])))
            done += count
        }
    }

    /// Reserves space, so that a full disk is found before anything is written.
    func allocate(_ byteCount: Int, in descriptor: Int32, _ path: String) throws(FileError) {
        try begin(.allocate, path)
        guard byteCount > 0 else { return }
        while true {
            let code = posix_fallocate(descriptor, 0, off_t(byteCount))
            if code == 0 { return notify(.extended(path: path, byteCount: byteCount)) }
            if code != EINTR { throw FileError(operation: .allocate, path: path, code: code) }
        }
    }

    /// Makes the file's bytes durable. A failed call must not be repeated on the same file: the system may have dropped
    /// the pages and would report success.
    func synchronize(_ descriptor: Int32, _ path: String) throws(FileError) {
        guard try begin(.synchronize, path) > 0 else { return }
        _ = try retrying(.synchronize, path) { fsync(descriptor) }
        notify(.synchronized(path: path))
    }

    /// When an open file's bytes changed last; nil where that is not known: the clock was set back, or the host was
    /// started since.
    func lastChange(of descriptor: Int32) -> MonotonicTime? {
        var (status, now) = (stat(), timespec())
        guard fstat(descriptor, &status) == 0, clock_gettime(CLOCK_REALTIME, &now) == 0 else { return nil }
        let seconds = Int64(now.tv_sec - status.st_mtim.tv_sec)
        let age = seconds * 1_000_000_000 + Int64(now.tv_nsec - status.st_mtim.tv_nsec)
        let moment = MonotonicTime.now.nanoseconds - age
        return age >= 0 && moment >= 0 ? MonotonicTime(nanoseconds: moment) : nil
    }

    func truncate(_ descriptor: Int32, to byteCount: Int, _ path: String) throws(FileError) {
        _ = try call(.truncate, path) { ftruncate(descriptor, off_t(byteCount)) }
        notify(.truncated(path: path, byteCount: byteCount))
    }

    /// Locks an open file; false when another process holds the lock.
    func lock(_ descriptor: Int32, _ path: String) throws(FileError) -> Bool {
        do {
            _ = try call(.lock, path) { flock(descriptor, LOCK_EX | LOCK_NB) }
            return true
        } catch  where error.code == EWOULDBLOCK {
            return false
        }
    }
}

// MARK: - Names

extension FileOperations {
    /// Makes a folder; throws `EEXIST` when something of that name exists.
    func makeDirectory(_ path: String, access: FileAccess = .everyone) throws(FileError) {
        _ = try call(.makeDirectory, path) { mkdir(path, access.folderMode) }
        notify(.madeDirectory(path: path))
    }

    /// Makes a folder and its missing parents. Their names are durable when this returns.
    package func makeDirectories(_ path: String, access: FileAccess = .everyone) throws(FileError) {
        if isDirectory(path) { return }
        let parent = PathText.parent(of: path)
        if parent != path { try makeDirectories(parent, access: access) }
        do {
            try makeDirectory(path, access: access)
        } catch  where error.code == EEXIST && isDirectory(path) {
            return
        }
        try synchronizeDirectory(parent)
    }

    /// Makes the names in a folder durable.
    private func synchronizeDirectory(_ path: String) throws(FileError) {
        let descriptor = try open(path, O_RDONLY | O_DIRECTORY)
        defer { closeQuietly(descriptor) }
        try synchronize(descriptor, path)
    }

    package func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    package func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a folder without "." and "..", sorted.
    package func list(_ path: String) throws(FileError) -> [String] {
        try begin(.list, path)
        guard let stream = opendir(path) else { throw FileError(operation: .list, path: path, code: errno) }
        return try names(in: stream, path)
    }

    /// The names in an open folder, which is closed.
    func names(in stream: OpaquePointer, _ path: String) throws(FileError) -> [String] {
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw FileError(operation: .list, path: path, code: errno) }
                return names.sorted()
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }
}

extension FileOperations {
    /// The whole file.
    ///
    /// - Throws: `FileError`; with `EFBIG` when the file is longer than `byteLimit`, before anything is allocated.
    package func read(_ path: String, byteLimit: Int) throws(FileError) -> [UInt8] {
        let descriptor = try open(path, O_RDONLY)
        defer { closeQuietly(descriptor) }
        return try read(descriptor, path, byteLimit: byteLimit)
    }

    /// The whole of an open file, whatever its offset.
    func read(_ descriptor: Int32, _ path: String, byteLimit: Int) throws(FileError) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(operation: .read, path: path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(operation: .read, path: path, code: EISDIR) }
        guard status.st_size <= byteLimit else { throw FileError(operation: .read, path: path, code: EFBIG) }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var done = 0
        while done < bytes.count {
            let offset = done
            var span = bytes.mutableSpan
            let count = try span.withUnsafeMutableBytes { buffer throws(FileError) in
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[offset...])
                return try call(.read, path) { pread(descriptor, rest.baseAddress, rest.count, off_t(offset)) }
            }
            if count == 0 { break }
            done += count
        }
        bytes.removeLast(bytes.count - done)
        return bytes
    }

    /// A file of /proc or /sys, whose length the system does not tell; nil where it cannot be read or is longer.
    package func readSystemFile(_ path: String, byteLimit: Int) -> String? {
        guard let descriptor = try? open(path, O_RDONLY) else { return nil }
        defer { closeQuietly(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 12)
        while bytes.count <= byteLimit {
            guard let count = try? call(.read, path, { Glibc.read(descriptor, &buffer, buffer.count) }) else {
                return nil
            }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
        return nil
    }
}
