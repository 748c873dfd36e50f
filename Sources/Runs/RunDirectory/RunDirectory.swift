package import Core
import Glibc

/// How a run directory is used.
package struct FolderPolicy: Sendable, Equatable {
    /// Of new files and folders.
    package var access: FileAccess
    /// Whether locks are relied on where the file system keeps them from other hosts: the user starts one coordinator
    /// at a time.
    package var assumesLocks: Bool

    package init(access: FileAccess = .owner, assumesLocks: Bool = false) {
        self.access = access
        self.assumesLocks = assumesLocks
    }
}

/// A folder with everything that one training produces. It is open and locked while this object exists, and no link in
/// it is followed.
///
/// The lock is flock on RUN/lock: it ends with the process, however that ends, and children do not inherit it.
/// One thread at a time may call the functions that write.
package final class RunDirectory: Sendable {
    package let paths: RunPaths
    /// The run directory itself.
    package let folder: OpenFolder
    private let lockDescriptor: Int32

    package var path: String { paths.run }
    private var files: FileOperations { folder.files }

    /// Locks an existing folder, and removes the temporary files that dead processes left.
    init(locking folder: OpenFolder, assumesLocks: Bool) throws(RunDirectoryError) {
        self.folder = folder
        paths = RunPaths(folder.path)
        do throws(FolderError) {
            try folder.checkOnlyOwnerWrites()
        } catch {
            throw .unsafe(error)
        }
        if !assumesLocks, let problem = SharedLocks.problem(ofDescriptor: folder.descriptor) {
            throw .noSharedLocks(path: folder.path, fileSystem: problem)
        }
        lockDescriptor = try Self.takeLock(in: folder)
        do throws(FileError) {
            try removeTemporaryFiles()
        } catch {
            // `deinit` releases the lock, because all properties are initialized.
            throw .file(error)
        }
    }

    deinit { files.closeQuietly(lockDescriptor) }

    /// Opens and locks RUN/lock, and writes this process's identifier into it.
    private static func takeLock(in folder: OpenFolder) throws(RunDirectoryError) -> Int32 {
        let (files, path) = (folder.files, folder.path(RunFileName.lock))
        let descriptor = try onFiles { () throws(FileError) in
            try folder.open(RunFileName.lock, O_RDWR | O_CREAT)
        }
        var holder: [UInt8]?
        do throws(FileError) {
            if try files.lock(descriptor, path) {
                let own = Array("process \(getpid())".utf8)
                try files.truncate(descriptor, to: 0, path)
                try own.span.bytes.withUnsafeBytes { buffer throws(FileError) in
                    try files.write(buffer, to: descriptor, at: 0, path)
                }
                return descriptor
            }
            holder = try? files.read(descriptor, path, byteLimit: 100)
        } catch {
            files.closeQuietly(descriptor)
            throw .file(error)
        }
        files.closeQuietly(descriptor)
        let text = holder.map { String(decoding: $0, as: UTF8.self) }
        throw .inUse(path: folder.path, holder: text?.isEmpty == false ? text : nil)
    }

    /// Runs `body` and converts its error.
    static func onFiles<Result>(_ body: () throws(FileError) -> Result) throws(RunDirectoryError) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            throw .file(error)
        }
    }

    /// The folder of checkpoints. It is opened for each use: it may be missing after a power loss.
    func checkpoints() throws(FileError) -> OpenFolder {
        try folder.folder(RunFileName.checkpoints)
    }

    private func removeTemporaryFiles() throws(FileError) {
        let hasCheckpoints = folder.exists(RunFileName.checkpoints)
        for folder in [folder] + (hasCheckpoints ? [try checkpoints()] : []) {
            for name in try folder.list() where AtomicFile.isTemporary(name) { try folder.remove(name) }
        }
    }
}

extension RunDirectory {
    /// The folder of runs without a path of their own.
    package static let usualParent = "runs"

    private static let digestPrefix = "# experiment digest: "
    private static let experimentByteLimit = 2 << 20

    /// Makes `PARENT/NAME-N`, where N is one more than the highest that exists; nothing is overwritten.
    /// `experiment` is the resolved experiment's text; a later resume checks `digest`.
    package static func create(
        in parent: String = RunDirectory.usualParent, name: String, experiment: String, digest: SHA256Digest,
        policy: FolderPolicy = FolderPolicy(), files: FileOperations = FileOperations()
    ) throws(RunDirectoryError) -> RunDirectory {
        let folder = try onFiles { () throws(FileError) in try makeNumbered(name, in: parent, policy.access, files) }
        return try fill(folder, parent: parent, experiment, digest, policy)
    }

    /// Makes the empty folder `PARENT/NAME-N`, where N is one more than the highest that exists, and returns its path.
    package static func makeNumbered(_ name: String, in parent: String = usualParent) throws(FileError) -> String {
        try makeNumbered(name, in: parent, .owner, FileOperations()).path
    }

    /// Makes a run at `path`, which must not exist or be an empty folder.
    package static func create(
        at path: String, experiment: String, digest: SHA256Digest, policy: FolderPolicy = FolderPolicy(),
        files: FileOperations = FileOperations()
    ) throws(RunDirectoryError) -> RunDirectory {
        let (folder, names) = try onFiles { () throws(FileError) in
            let folder = try OpenFolder.making(path, access: policy.access, files: files)
            return (folder, try folder.list())
        }
        // A process that died while it created this run leaves a lock file and temporary files.
        let remains = names.filter {
            $0 != RunFileName.lock && $0 != RunFileName.checkpoints && !AtomicFile.isTemporary($0)
        }
        guard remains.isEmpty else { throw .notEmpty(path: folder.path) }
        return try fill(folder, parent: PathText.parent(of: path), experiment, digest, policy)
    }

    /// Opens an existing run to continue it. `digest` is that of the experiment to continue; nil accepts the run's.
    package static func open(
        at path: String, digest: SHA256Digest?, policy: FolderPolicy = FolderPolicy(),
        files: FileOperations = FileOperations()
    ) throws(RunDirectoryError) -> RunDirectory {
        guard files.isDirectory(path) else { throw .notARun(path: RunPaths(path).run) }
        let folder = try onFiles { () throws(FileError) in
            try OpenFolder(at: path, access: policy.access, files: files)
        }
        guard folder.exists(RunFileName.experiment) else { throw .notARun(path: folder.path) }
        let run = try RunDirectory(locking: folder, assumesLocks: policy.assumesLocks)
        let found = try run.experiment().digest
        if let digest, digest != found {
            throw .otherExperiment(path: folder.path, expected: digest.hexadecimal, found: found.hexadecimal)
        }
        // After a power loss a file may exist that was made later than the folder.
        _ = try onFiles { () throws(FileError) in try folder.makingFolder(RunFileName.checkpoints) }
        return run
    }

    /// The run `PARENT/NAME-N` with the highest N, if there is one.
    package static func newest(
        in parent: String = RunDirectory.usualParent, name: String, files: FileOperations = FileOperations()
    ) throws(FileError) -> String? {
        guard files.isDirectory(parent) else { return nil }
        let highest = numbers(of: name, in: try files.list(parent)).last
        return highest.map { "\(PathText.trimmingSlashes(parent))/\(name)-\($0)" }
    }

    /// The experiment's text and digest from experiment.yaml.
    package func experiment() throws(RunDirectoryError) -> (text: String, digest: SHA256Digest) {
        let bytes = try Self.onFiles { () throws(FileError) in
            try folder.read(RunFileName.experiment, byteLimit: Self.experimentByteLimit)
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
            Self.digestPrefix + digest.hexadecimal + "\n" + experiment, to: RunFileName.experiment, in: folder)
    }
}

extension RunDirectory {
    /// Locks a new run and writes its experiment.
    private static func fill(
        _ folder: OpenFolder, parent: String, _ experiment: String, _ digest: SHA256Digest, _ policy: FolderPolicy
    ) throws(RunDirectoryError) -> RunDirectory {
        let run = try RunDirectory(locking: folder, assumesLocks: policy.assumesLocks)
        // Another process may have created a run here before this one took the lock.
        guard !folder.exists(RunFileName.experiment) else { throw .notEmpty(path: folder.path) }
        try onFiles { () throws(FileError) in
            _ = try folder.makingFolder(RunFileName.checkpoints)
            try run.replaceExperiment(experiment, digest: digest)
            try OpenFolder(at: parent, access: policy.access, files: folder.files).synchronize()
        }
        return run
    }

    private static func makeNumbered(
        _ name: String, in parent: String, _ access: FileAccess, _ files: FileOperations
    ) throws(FileError) -> OpenFolder {
        let parent = try OpenFolder.making(parent, access: access, files: files)
        var number = 1 + (numbers(of: name, in: try parent.list()).last ?? 0)
        while true {
            do throws(FileError) {
                try parent.makeFolder("\(name)-\(number)")
                return try parent.folder("\(name)-\(number)")
            } catch {
                guard error.operation == .makeDirectory, error.code == EEXIST else { throw error }
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
    /// There is no run `PARENT/NAME-N`.
    case nothingToResume(parent: String, name: String)
    /// Neither `last` nor `previous` can be used; `reasons` has the reason for each.
    case noCheckpoint(path: String, reasons: [String])
    /// Other users can replace files of the folder.
    case unsafe(FolderError)
    /// The file system keeps locks from other hosts.
    case noSharedLocks(path: String, fileSystem: String)
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
        case .nothingToResume(let parent, let name):
            "there is no run of \(name) to resume: the folder \(quoted(parent)) has no \(parent)/\(name)-1 or later one; name the "
                + "run with --run, or start one without --resume"
        case .noCheckpoint(let path, let reasons):
            "the run \(quoted(path)) has no checkpoint to resume from: \(reasons.joined(separator: "; ")); start a new run"
        case .unsafe(let error): error.description
        case .noSharedLocks(let path, let fileSystem):
            "the run \(quoted(path)) is on \(fileSystem): its lock does not hold against coordinators on other hosts; choose a "
                + "folder elsewhere with --run, or start one coordinator at a time and add --assume-locks"
        case .file(let error): error.description
        }
    }
}
