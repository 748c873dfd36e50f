import Glibc

/// Writes files that are either complete or absent.
///
/// The bytes are written under a temporary name in the same folder, after reserving space so that a full disk is found
/// early; then fsync, rename onto the target and fsync of the folder. A process that dies before the rename leaves the
/// old target, and a temporary file that the next process which locks the run directory removes.
package enum AtomicFile {
    /// Writes or replaces a file of a folder.
    package static func write(_ bytes: [UInt8], to name: String, in folder: OpenFolder) throws(FileError) {
        let temporary = try writeTemporary(bytes, beside: name, in: folder)
        do {
            try folder.rename(temporary, to: name)
        } catch {
            try? folder.remove(temporary)
            throw error
        }
        try folder.synchronize()
    }

    /// Writes or replaces a text file of a folder.
    package static func write(_ text: String, to name: String, in folder: OpenFolder) throws(FileError) {
        try write(Array(text.utf8), to: name, in: folder)
    }

    /// Writes or replaces the file at a path that the user chose.
    package static func write(
        _ bytes: [UInt8], to path: String, access: FileAccess = .everyone, with files: FileOperations = FileOperations()
    ) throws(FileError) {
        let folder = try OpenFolder(at: PathText.parent(of: path), access: access, files: files)
        try write(bytes, to: PathText.name(of: path), in: folder)
    }

    /// Writes or replaces the text file at a path that the user chose.
    package static func write(
        _ text: String, to path: String, access: FileAccess = .everyone, with files: FileOperations = FileOperations()
    ) throws(FileError) {
        try write(Array(text.utf8), to: path, access: access, with: files)
    }

    /// Replaces a file in one step for those who read it, without waiting for the disk: after a power loss it may be
    /// empty.
    static func replaceWithoutSynchronizing(
        _ bytes: [UInt8], _ name: String, in folder: OpenFolder
    ) throws(FileError) {
        let (temporary, files) = (temporaryName(beside: name), folder.files)
        let path = folder.path(temporary)
        let descriptor = try folder.open(temporary, O_WRONLY | O_CREAT | O_EXCL)
        do throws(FileError) {
            defer { files.closeQuietly(descriptor) }
            try bytes.span.bytes.withUnsafeBytes { buffer throws(FileError) in
                try files.write(buffer, to: descriptor, at: 0, path)
            }
            try folder.rename(temporary, to: name)
        } catch {
            try? folder.remove(temporary)
            throw error
        }
    }

    /// Writes a durable file under a temporary name beside `name`; returns that name.
    static func writeTemporary(
        _ bytes: [UInt8], beside name: String, in folder: OpenFolder
    ) throws(FileError) -> String {
        let (temporary, files) = (temporaryName(beside: name), folder.files)
        let path = folder.path(temporary)
        let descriptor = try folder.open(temporary, O_WRONLY | O_CREAT | O_EXCL)
        do throws(FileError) {
            do throws(FileError) {
                try files.allocate(bytes.count, in: descriptor, path)
                try bytes.span.bytes.withUnsafeBytes { buffer throws(FileError) in
                    try files.write(buffer, to: descriptor, at: 0, path)
                }
                try files.synchronize(descriptor, path)
            } catch {
                files.closeQuietly(descriptor)
                throw error
            }
            try files.close(descriptor, path)
        } catch {
            try? folder.remove(temporary)
            throw error
        }
        return temporary
    }

    /// `name` with ".tmp." and 16 random hexadecimal digits.
    static func temporaryName(beside name: String) -> String {
        let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        return name + ".tmp." + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// Whether `temporaryName` can have made the name.
    static func isTemporary(_ name: String) -> Bool {
        let bytes = Array(name.utf8.suffix(21))
        guard bytes.count == 21, name.utf8.count > 21, bytes.starts(with: ".tmp.".utf8) else { return false }
        return bytes.dropFirst(5).allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
    }
}

/// Operations on the text of paths.
enum PathText {
    /// The folder that holds `path`: "." for a bare name, "/" for the root and its entries.
    static func parent(of path: String) -> String {
        let trimmed = trimmingSlashes(path)
        guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        let parent = trimmingSlashes(String(trimmed[..<slash]))
        return parent.isEmpty ? "/" : parent
    }

    /// The last part of `path`.
    static func name(of path: String) -> String {
        let trimmed = trimmingSlashes(path)
        guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return trimmed }
        return String(trimmed[trimmed.utf8.index(after: slash)...])
    }

    /// The path without slashes at its end, except for "/".
    static func trimmingSlashes(_ path: String) -> String {
        var result = path
        while result.utf8.count > 1, result.utf8.last == UInt8(ascii: "/") { result.removeLast() }
        return result
    }
}
