import Glibc

/// Writes files that are either complete or absent.
///
/// The bytes are written under a temporary name in the same folder, after reserving space so that a full disk is found
/// early; then fsync, rename onto the target and fsync of the folder. A process that dies before the rename leaves the
/// old target, and a temporary file that the next process which locks the run directory removes.
package enum AtomicFile {
    /// Writes or replaces the file at `path`, mode 0644.
    package static func write(
        _ bytes: [UInt8], to path: String, with files: FileOperations = FileOperations()
    ) throws(FileError) {
        let temporary = try writeTemporary(bytes, beside: path, with: files)
        do {
            try files.rename(temporary, to: path)
        } catch {
            try? files.remove(temporary)
            throw error
        }
        try files.synchronizeDirectory(PathText.parent(of: path))
    }

    /// Writes or replaces a text file.
    package static func write(
        _ text: String, to path: String, with files: FileOperations = FileOperations()
    ) throws(FileError) {
        try write(Array(text.utf8), to: path, with: files)
    }

    /// Writes a durable file under a temporary name beside `path`; returns that name.
    static func writeTemporary(
        _ bytes: [UInt8], beside path: String, with files: FileOperations
    ) throws(FileError) -> String {
        let temporary = temporaryName(beside: path)
        let descriptor = try files.open(temporary, O_WRONLY | O_CREAT | O_EXCL)
        do throws(FileError) {
            do throws(FileError) {
                try files.allocate(bytes.count, in: descriptor, temporary)
                try bytes.span.bytes.withUnsafeBytes { buffer throws(FileError) in
                    try files.write(buffer, to: descriptor, at: 0, temporary)
                }
                try files.synchronize(descriptor, temporary)
            } catch {
                files.closeQuietly(descriptor)
                throw error
            }
            try files.close(descriptor, temporary)
        } catch {
            try? files.remove(temporary)
            throw error
        }
        return temporary
    }

    /// `path` with ".tmp." and 16 random hexadecimal digits.
    static func temporaryName(beside path: String) -> String {
        let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        return path + ".tmp." + String(repeating: "0", count: 16 - digits.utf8.count) + digits
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

    /// The path without slashes at its end, except for "/".
    static func trimmingSlashes(_ path: String) -> String {
        var result = path
        while result.utf8.count > 1, result.utf8.last == UInt8(ascii: "/") { result.removeLast() }
        return result
    }
}
