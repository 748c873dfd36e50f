import Glibc

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
