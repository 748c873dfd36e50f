import Foundation

/// A folder for one test, removed with its content when the object is released. Its path is short, because the path of
/// a socket has at most 107 bytes.
public final class TemporaryFolder: Sendable {
    public let path: String

    /// In memory where the system has a folder for that, for tests that make thousands of files.
    public init(inMemory: Bool = false) throws {
        let isWritable = FileManager.default.isWritableFile(atPath: "/dev/shm")
        let parent = inMemory && isWritable ? "/dev/shm" : "/tmp"
        path = "\(parent)/selvedge-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of an entry of the folder.
    public func path(_ name: String) -> String { "\(path)/\(name)" }

    public func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    public func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path(name)))) }

    public func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// Names of the folder's entries, sorted.
    public func entries() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    /// Writes a file and returns its path.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: URL(filePath: path(name)))
        return path(name)
    }
}
