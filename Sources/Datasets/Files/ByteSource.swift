import Glibc

/// Where a reader gets its bytes from, a window at a time.
protocol ByteSource: ~Copyable {
    /// Fills the front of `window` and gives how much of it was filled; 0 only at the end.
    mutating func read(into window: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int
}

extension ByteSource where Self: ~Copyable {
    /// The bytes up to the end, or `limit` + 1 of them if there are more. Memory grows with the bytes that are read.
    mutating func bytes(atMost limit: Int) throws(DatasetError) -> [UInt8] {
        var bytes: [UInt8] = []
        let window = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { window.deallocate() }
        while bytes.count <= limit {
            let count = try read(into: window)
            if count == 0 { break }
            bytes += window[..<min(count, limit + 1 - bytes.count)]
        }
        return bytes
    }
}

/// Bytes that are already in memory.
struct MemorySource: ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read(into window: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(window.count, bytes.count - position)
        window.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

/// The bytes of a regular file, read front to back; closed when it goes out of scope.
struct FileSource: ByteSource, ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// Throws `DatasetError.unreadable` with the system's reason; nil if there is no such file.
    init?(path: String) throws(DatasetError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .unreadable(file: path, reason: Self.systemMessage())
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unreadable(file: path, reason: "it is not a regular file")
        }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    mutating func read(into window: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        while true {
            let count = Glibc.read(descriptor, window.baseAddress, window.count)
            if count >= 0 { return count }
            if errno != EINTR { throw .unreadable(file: path, reason: Self.systemMessage()) }
        }
    }

    private static func systemMessage() -> String {
        String(cString: strerror(errno))
    }
}

/// A file in the first of some folders that has it, plain or packed with gzip under the same name and `.gz`.
struct FoundFile: ByteSource, ~Copyable {
    let path: String
    private var source: any ByteSource & ~Copyable

    private init(path: String, source: consuming any ByteSource & ~Copyable) {
        self.path = path
        self.source = source
    }

    /// Throws `DatasetError.missing` when no folder has it.
    static func find(_ name: String, searching folders: [String]) throws(DatasetError) -> FoundFile {
        for folder in folders {
            if let file = try find(name, in: folder) { return file }
        }
        throw .missing(file: name, searched: folders)
    }

    /// Nil when the folder has it neither plain nor packed.
    static func find(_ name: String, in folder: String) throws(DatasetError) -> FoundFile? {
        let path = folder == "." ? name : "\(folder)/\(name)"
        if let file = try FileSource(path: path) { return FoundFile(path: path, source: file) }
        let packedPath = path + ".gz"
        if let file = try FileSource(path: packedPath) {
            return FoundFile(path: packedPath, source: try GzipSource(file, file: packedPath))
        }
        return nil
    }

    /// The file at a path, packed if the path ends with `.gz`. Nil when there is none.
    static func named(_ path: String) throws(DatasetError) -> FoundFile? {
        guard let file = try FileSource(path: path) else { return nil }
        guard path.hasSuffix(".gz") else { return FoundFile(path: path, source: file) }
        return FoundFile(path: path, source: try GzipSource(file, file: path))
    }

    mutating func read(into window: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        try source.read(into: window)
    }
}

/// What a folder holds.
enum Directory {
    /// The names in a folder, in the order of their bytes, without those that begin with ".".
    static func names(in path: String) throws(DatasetError) -> [String] {
        guard let stream = opendir(path) else {
            throw .unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        guard errno == 0 else { throw .unreadable(file: path, reason: String(cString: strerror(errno))) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
