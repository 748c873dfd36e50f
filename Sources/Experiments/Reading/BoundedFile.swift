import Core
import Glibc

/// Whole small files.
enum BoundedFile {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The file's bytes, at most `byteLimit`; a device or a pipe is read no further than that.
    static func read(_ path: String, byteLimit: Int) throws(ExperimentError.Problem) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= byteLimit {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count > 0 {
                bytes += chunk[..<count]
            } else if errno != EINTR {
                throw unreadable()
            }
        }
        throw .tooLarge(byteLimit: byteLimit)
    }

    private static func unreadable() -> ExperimentError.Problem { .unreadable(String(cString: strerror(errno))) }
}
