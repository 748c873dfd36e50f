import Glibc

/// A folder with everything that one training produces, held under a lock for as long as this object lives.
///
/// The lock is the system's on RUN/lock: it ends with the process, however that ends, and is not passed on to children.
/// One thread at a time may call the functions that write.
package final class RunDirectory: Sendable {
    package let paths: RunPaths
    let files: FileOperations
    private let lockDescriptor: Int32

    package var path: String { paths.run }

    /// Takes the lock of an existing folder, and removes the temporary files that dead holders left.
    init(locking paths: RunPaths, files: FileOperations) throws(RunDirectoryError) {
        self.paths = paths
        self.files = files
        lockDescriptor = try Self.takeLock(paths, files)
        do throws(FileError) {
            try removeTemporaryFiles()
        } catch {
            // The lock is given back by `deinit`, which runs for an object that is whole.
            throw .file(error)
        }
    }

    deinit { files.closeQuietly(lockDescriptor) }

    /// Opens RUN/lock, locks it and writes into it who holds it.
    private static func takeLock(_ paths: RunPaths, _ files: FileOperations) throws(RunDirectoryError) -> Int32 {
        let descriptor = try onFiles { () throws(FileError) in try files.open(paths.lock, O_RDWR | O_CREAT) }
        do throws(FileError) {
            if try files.lock(descriptor, paths.lock) {
                let holder = Array("process \(getpid())".utf8)
                try files.truncate(descriptor, to: 0, paths.lock)
                try holder.span.bytes.withUnsafeBytes { buffer throws(FileError) in
                    try files.write(buffer, to: descriptor, at: 0, paths.lock)
                }
                return descriptor
            }
        } catch {
            files.closeQuietly(descriptor)
            throw .file(error)
        }
        files.closeQuietly(descriptor)
        let holder = (try? files.read(paths.lock, byteLimit: 100)).map { String(decoding: $0, as: UTF8.self) }
        throw .inUse(path: paths.run, holder: holder?.isEmpty == false ? holder : nil)
    }

    /// Runs `body`; its error becomes one of the run directory.
    static func onFiles<Result>(_ body: () throws(FileError) -> Result) throws(RunDirectoryError) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            throw .file(error)
        }
    }

    private func removeTemporaryFiles() throws(FileError) {
        for folder in [paths.run, paths.checkpoints] where files.isDirectory(folder) {
            for name in try files.list(folder) where AtomicFile.isTemporary(name) {
                try files.remove(folder + "/" + name)
            }
        }
    }
}
