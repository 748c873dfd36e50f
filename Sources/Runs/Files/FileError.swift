import Core
import Glibc

/// A failed system call on a file. The description has the call, the path, the reason and a remedy.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    package var operation: FileOperation
    package var path: String
    /// The system's `errno`.
    package var code: Int32

    package init(operation: FileOperation, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// The system's text for the error, such as "No space left on device".
    package var reason: String { String(cString: strerror(code)) }

    package var description: String { "cannot \(operation.rawValue) \(quoted(path)): \(reason); \(remedy)" }

    private var remedy: String {
        switch code {
        case ENOSPC, EDQUOT: "free some space or choose another folder with --run"
        case EACCES, EPERM: "check its owner and permissions, or choose another folder with --run"
        case EROFS: "the file system is read-only: choose another folder with --run"
        case ENOENT: "check the path"
        case ENOTDIR, EISDIR, EEXIST: "something else is in its place: move it or choose another path"
        case ELOOP: "put the file or folder itself in place of the symbolic link"
        case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
        case EFBIG: "it is larger than the file system, this program or the limit of file sizes (ulimit -f) allows"
        case EIO: "check the disk"
        case ESTALE: "another process writes it: end all but one coordinator of the run, then continue with --resume"
        default: "check the path and the file system"
        }
    }
}

/// What is done to files, each of which can fail.
package enum FileOperation: String, Sendable, CaseIterable {
    case open
    case read
    case write
    case allocate = "reserve space for"
    case synchronize
    case close
    case truncate
    case rename
    case link
    case remove
    case makeDirectory = "make the folder"
    case list
    case lock
}

/// A change of the file system by a successful call. Paths are as the caller gave them.
package enum FileChange: Sendable, Equatable {
    /// A new empty file.
    case made(path: String)
    case wrote(path: String, offset: Int, bytes: [UInt8])
    /// The file has at least that length; new bytes are zero.
    case extended(path: String, byteCount: Int)
    case truncated(path: String, byteCount: Int)
    /// The bytes of a file, or the names in a folder, are durable.
    case synchronized(path: String)
    case renamed(path: String, target: String)
    case linked(path: String, target: String)
    case removed(path: String)
    case madeDirectory(path: String)
}
