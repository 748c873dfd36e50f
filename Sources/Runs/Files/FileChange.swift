/// What a call that succeeded changed in the file system. Paths are as the caller gave them.
package enum FileChange: Sendable, Equatable {
    /// An empty file that was not there.
    case made(path: String)
    case wrote(path: String, offset: Int, bytes: [UInt8])
    /// The file is at least that long; what was not there is zero.
    case extended(path: String, byteCount: Int)
    case truncated(path: String, byteCount: Int)
    /// The bytes of a file, or the names in a folder, are durable.
    case synchronized(path: String)
    case renamed(path: String, target: String)
    case linked(path: String, target: String)
    case removed(path: String)
    case madeDirectory(path: String)
}
