import Core
import Glibc

extension RunDirectory {
    /// Saves a checkpoint as `last`; the old `last` becomes `previous` first.
    ///
    /// At every point at which the process can die, `last` or `previous` is a complete checkpoint. Best and epoch copies
    /// are further names of the same file, made before `last`, so that a resumed run finds them or makes them again:
    /// `isBest` asks for `best`, `keepEpoch` for `epoch-NNNN`.
    package func saveCheckpoint(_ bytes: [UInt8], isBest: Bool, keepEpoch: Int? = nil) throws(FileError) {
        let temporary = try AtomicFile.writeTemporary(bytes, beside: paths.last, with: files)
        do throws(FileError) {
            if isBest { try copy(temporary, to: paths.best, bytes) }
            if let keepEpoch { try copy(temporary, to: paths.checkpoint(epoch: keepEpoch), bytes) }
            try keepLastAsPrevious()
            try files.rename(temporary, to: paths.last)
        } catch {
            try? files.remove(temporary)
            throw error
        }
        try files.synchronizeDirectory(paths.checkpoints)
    }

    /// Saves the state before a failure beside `last`, never over it.
    package func saveFailedState(_ bytes: [UInt8]) throws(FileError) {
        try AtomicFile.write(bytes, to: paths.failed, with: files)
    }

    /// Gives the durable file `source` the further name `target`; where the file system has no links, writes it again.
    private func copy(_ source: String, to target: String, _ bytes: [UInt8]) throws(FileError) {
        do throws(FileError) {
            try linkOver(source, target)
        } catch {
            guard error.operation == .link else { throw error }
            try AtomicFile.write(bytes, to: target, with: files)
        }
    }

    /// Makes `previous` a name of the file that `last` names. Without links `last` is renamed: then for a moment only
    /// `previous` exists.
    private func keepLastAsPrevious() throws(FileError) {
        guard files.exists(paths.last) else { return }
        do throws(FileError) {
            try linkOver(paths.last, paths.previous)
        } catch {
            guard error.operation == .link else { throw error }
            try files.rename(paths.last, to: paths.previous)
        }
    }

    /// Replaces the name `target` by one of the file `source`, in one step.
    private func linkOver(_ source: String, _ target: String) throws(FileError) {
        let name = AtomicFile.temporaryName(beside: target)
        try files.link(source, to: name)
        do throws(FileError) {
            try files.rename(name, to: target)
        } catch {
            try? files.remove(name)
            throw error
        }
        // Renaming one name of a file onto another of the same file does nothing, and leaves both.
        if files.exists(name) { try files.remove(name) }
    }
}

/// The newest valid checkpoint of a run.
package struct FoundCheckpoint: Sendable {
    package let path: String
    package let contents: Safetensors
    /// One line for each newer checkpoint that was not valid.
    package let warnings: [String]
}

extension RunDirectory {
    /// The longest checkpoint that is read, in bytes.
    package static let checkpointByteLimit = 1 << 34

    /// Whether a checkpoint was ever saved; a run that was interrupted before its first has none.
    package var hasCheckpoint: Bool { files.exists(paths.last) || files.exists(paths.previous) }

    /// The newest valid checkpoint: `last`, else `previous`. `validate` checks the content further and returns
    /// the reason against it, or nil.
    package func newestCheckpoint(
        validate: (Safetensors) -> String? = { _ in nil }
    ) throws(RunDirectoryError) -> FoundCheckpoint {
        try Self.newestCheckpoint(at: paths, files: files, validate: validate)
    }

    /// The newest valid checkpoint of a run that is only read, without its lock.
    package static func newestCheckpoint(
        at paths: RunPaths, files: FileOperations = FileOperations(), validate: (Safetensors) -> String? = { _ in nil }
    ) throws(RunDirectoryError) -> FoundCheckpoint {
        var reasons: [String] = []
        for path in [paths.last, paths.previous] {
            do {
                let contents = try Safetensors(path: path, files: files)
                guard let problem = validate(contents) else {
                    return FoundCheckpoint(path: path, contents: contents, warnings: reasons)
                }
                reasons.append("\(quoted(path)): \(problem)")
            } catch {
                reasons.append("\(quoted(path)): \(error.problem)")
            }
        }
        throw .noCheckpoint(path: paths.run, reasons: reasons)
    }
}

extension RunDirectory {
    /// Replaces metrics.jsonl and history.csv by these rows, each in one step.
    package func replaceMetrics(_ rows: [EpochRow]) throws(FileError) {
        try AtomicFile.write(EpochRow.jsonLines(rows), to: paths.metrics, with: files)
        try AtomicFile.write(EpochRow.csv(rows), to: paths.history, with: files)
    }

    /// Appends a line to timings.jsonl.
    package func append(_ line: RunTimings.Line) throws(FileError) {
        try append(line.jsonLine, to: paths.timings)
    }

    /// Appends a line to log.jsonl.
    package func append(_ line: RunLogLine) throws(FileError) {
        try append(line.jsonLine, to: paths.log)
    }

    /// Opens the run's journal. It has one writer at a time.
    package func openJournal() throws(FileError) -> Journal {
        try Journal(path: paths.journal, files: files)
    }

    private func append(_ line: String, to path: String) throws(FileError) {
        precondition(!line.utf8.contains(UInt8(ascii: "\n")), "one line at a time")
        let bytes = Array((line + "\n").utf8)
        let descriptor = try files.open(path, O_WRONLY | O_CREAT | O_APPEND)
        do throws(FileError) {
            try bytes.span.bytes.withUnsafeBytes { buffer throws(FileError) in
                try files.append(buffer, to: descriptor, path)
            }
        } catch {
            files.closeQuietly(descriptor)
            throw error
        }
        try files.close(descriptor, path)
    }
}
