package import Core
import Glibc

extension RunDirectory {
    private static let digestPrefix = "# experiment digest: "
    private static let experimentByteLimit = 2 << 20

    /// Makes `PARENT/NAME-N` with the first N from 1 above all that are there; nothing is overwritten.
    /// `experiment` is the resolved experiment's text; by `digest` a later resume knows it.
    package static func create(
        in parent: String = "runs", name: String, experiment: String, digest: SHA256Digest,
        files: FileOperations = FileOperations()
    ) throws(RunDirectoryError) -> RunDirectory {
        let paths = try onFiles { () throws(FileError) in try makeNumbered(name, in: parent, files) }
        return try fill(paths, experiment, digest, files)
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
        // A lock file and temporary files alone are what a process left that died while it made this run.
        let remains = names.filter { $0 != "lock" && $0 != "checkpoints" && !AtomicFile.isTemporary($0) }
        guard remains.isEmpty else { throw .notEmpty(path: paths.run) }
        return try fill(paths, experiment, digest, files)
    }

    /// Opens an existing run to continue it. `digest` is of the experiment that is to be continued; nil takes the
    /// run's own.
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
        // After a power loss a file may be there that was made later than the folder.
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

    /// The experiment's text and digest, as they stand in experiment.yaml.
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
        // Another process may have made its run here between the look and the lock.
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
