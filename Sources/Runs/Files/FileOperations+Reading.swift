import Glibc

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
}
