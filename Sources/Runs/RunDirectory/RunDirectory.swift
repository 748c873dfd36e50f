package import Core
import Glibc

/// A folder with everything that one training produces. It is locked while this object exists.
///
/// The lock is flock on RUN/lock: it ends with the process, however that ends, and children do not inherit it.
/// One thread at a time may call the functions that write.
package final class RunDirectory: Sendable {
    package let paths: RunPaths
    let files: FileOperations
    private let lockDescriptor: Int32

    package var path: String { paths.run }

    /// Locks an existing folder, and removes the temporary files that dead processes left.
    init(locking paths: RunPaths, files: FileOperations) throws(RunDirectoryError) {
        self.paths = paths
        self.files = files
        lockDescriptor = try Self.takeLock(paths, files)
        do throws(FileError) {
            try removeTemporaryFiles()
        } catch {
            // `deinit` releases the lock, because all properties are initialized.
            throw .file(error)
        }
    }

    deinit { files.closeQuietly(lockDescriptor) }

    /// Opens and locks RUN/lock, and writes this process's identifier into it.
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

    /// Runs `body` and converts its error.
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

extension RunDirectory {
    private static let digestPrefix = "# experiment digest: "
    private static let experimentByteLimit = 2 << 20

    /// Makes `PARENT/NAME-N`, where N is one more than the highest that exists; nothing is overwritten.
    /// `experiment` is the resolved experiment's text; a later resume checks `digest`.
    package static func create(
        in parent: String = "runs", name: String, experiment: String, digest: SHA256Digest,
        files: FileOperations = FileOperations()
    ) throws(RunDirectoryError) -> RunDirectory {
        let paths = try onFiles { () throws(FileError) in try makeNumbered(name, in: parent, files) }
        return try fill(paths, experiment, digest, files)
    }

    /// Makes the empty folder `PARENT/NAME-N`, where N is one more than the highest that exists, and returns its path.
    package static func makeNumbered(_ name: String, in parent: String = "runs") throws(FileError) -> String {
        try makeNumbered(name, in: parent, FileOperations()).run
    }

    /// Makes a run at `path`, which must not exist or be an empty folder.
    package static func create(
        at path: String, experiment: String, digest: SHA256Digest, files: FileOperations = FileOperations()
    ) throws(RunDirectoryError) -> RunDirectory {
        let paths = RunPaths(path)
        let names = try onFiles { () throws(FileError) in
            try files.makeDirectories(paths.run)
            return try files.list(paths.run)
        }
        // A process that died while it created this run leaves a lock file and temporary files.
        let remains = names.filter { $0 != "lock" && $0 != "checkpoints" && !AtomicFile.isTemporary($0) }
        guard remains.isEmpty else { throw .notEmpty(path: paths.run) }
        return try fill(paths, experiment, digest, files)
    }

    /// Opens an existing run to continue it. `digest` is that of the experiment to continue; nil accepts the run's.
    package static func open(
        at path: String, digest: SHA256Digest?, files: FileOperations = FileOperations()
    ) throws(RunDirectoryError) -> RunDirectory {
        let paths = RunPaths(path)
        guard files.isDirectory(paths.run), files.exists(paths.experiment) else { throw .notARun(path: paths.run) }
        let run = try RunDirectory(locking: paths, files: files)
        let found = try run.experiment().digest
        if let digest, digest != found {
            throw .otherExperiment(path: paths.run, expected: digest.hexadecimal, found: found.hexadecimal)
        }
        // After a power loss a file may exist that was made later than the folder.
        try onFiles { () throws(FileError) in try files.makeDirectories(paths.checkpoints) }
        return run
    }

    /// The run `PARENT/NAME-N` with the highest N, if there is one.
    package static func newest(
        in parent: String = "runs", name: String, files: FileOperations = FileOperations()
    ) throws(FileError) -> String? {
        guard files.isDirectory(parent) else { return nil }
        let highest = numbers(of: name, in: try files.list(parent)).last
        return highest.map { "\(PathText.trimmingSlashes(parent))/\(name)-\($0)" }
    }

    /// The experiment's text and digest from experiment.yaml.
    package func experiment() throws(RunDirectoryError) -> (text: String, digest: SHA256Digest) {
        let bytes = try Self.onFiles { () throws(FileError) in
            try files.read(paths.experiment, byteLimit: Self.experimentByteLimit)
        }
        guard let text = String(validating: bytes, as: UTF8.self), text.hasPrefix(Self.digestPrefix),
            let end = text.utf8.firstIndex(of: UInt8(ascii: "\n")),
            let digest = SHA256Digest(hexadecimal: String(text[..<end].dropFirst(Self.digestPrefix.count)))
        else { throw .notARun(path: path) }
        return (String(text[text.index(after: end)...]), digest)
    }

    /// Replaces experiment.yaml, as when the number of epochs grows on resuming.
    package func replaceExperiment(_ experiment: String, digest: SHA256Digest) throws(FileError) {
        try AtomicFile.write(
            Self.digestPrefix + digest.hexadecimal + "\n" + experiment, to: paths.experiment, with: files)
    }
}

extension RunDirectory {
    /// Locks a new run and writes its experiment.
    private static func fill(
        _ paths: RunPaths, _ experiment: String, _ digest: SHA256Digest, _ files: FileOperations
    ) throws(RunDirectoryError) -> RunDirectory {
        let run = try RunDirectory(locking: paths, files: files)
        // Another process may have created a run here before this one took the lock.
        guard !files.exists(paths.experiment) else { throw .notEmpty(path: paths.run) }
        try onFiles { () throws(FileError) in
            try files.makeDirectories(paths.checkpoints)
            try run.replaceExperiment(experiment, digest: digest)
            try files.synchronizeDirectory(PathText.parent(of: paths.run))
        }
        return run
    }

    private static func makeNumbered(
        _ name: String, in parent: String, _ files: FileOperations
    ) throws(FileError) -> RunPaths {
        try files.makeDirectories(parent)
        var number = 1 + (numbers(of: name, in: try files.list(parent)).last ?? 0)
        while true {
            let paths = RunPaths("\(PathText.trimmingSlashes(parent))/\(name)-\(number)")
            do throws(FileError) {
                try files.makeDirectory(paths.run)
                return paths
            } catch {
                guard error.code == EEXIST else { throw error }
                number += 1
            }
        }
    }

    /// The numbers N of the names `NAME-N`, ascending.
    private static func numbers(of name: String, in names: [String]) -> [Int] {
        names.compactMap { candidate in
            guard candidate.hasPrefix(name + "-") else { return nil }
            let digits = candidate.dropFirst(name.count + 1)
            guard let number = Int(digits), String(number) == digits, (1..<1_000_000_000).contains(number) else {
                return nil
            }
            return number
        }.sorted()
    }
}

/// Why a run directory cannot be created, opened or resumed.
package enum RunDirectoryError: Error, Sendable, Equatable, CustomStringConvertible {
    case inUse(path: String, holder: String?)
    /// A new run cannot be created in a folder that has files.
    case notEmpty(path: String)
    /// The folder is not a run.
    case notARun(path: String)
    case otherExperiment(path: String, expected: String, found: String)
    /// Neither `last` nor `previous` can be used; `reasons` has the reason for each.
    case noCheckpoint(path: String, reasons: [String])
    case file(FileError)

    package var description: String {
        switch self {
        case .inUse(let path, let holder):
            "the run \(quoted(path)) is in use by another process\(holder.map { " (\($0))" } ?? ""); "
                + "wait for it to end, or choose another folder with --run"
        case .notEmpty(let path):
            "the folder \(quoted(path)) is not empty; continue its run with --resume, or choose another folder with --run"
        case .notARun(let path):
            "the folder \(quoted(path)) is not a run (it has no experiment.yaml); check the path"
        case .otherExperiment(let path, let expected, let found):
            "the run \(quoted(path)) is of another experiment (digest \(found.prefix(12)), not \(expected.prefix(12))); "
                + "give its own experiment (RUN/experiment.yaml) or choose another folder with --run"
        case .noCheckpoint(let path, let reasons):
            "the run \(quoted(path)) has no checkpoint to resume from: \(reasons.joined(separator: "; ")); start a new run"
        case .file(let error): error.description
        }
    }
}
