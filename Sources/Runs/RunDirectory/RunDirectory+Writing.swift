import Core
import Glibc

extension RunDirectory {
    /// Saves a checkpoint as `last`; the old `last` becomes `previous` first.
    ///
    /// At every point at which the process can die, `last` or `previous` is a complete checkpoint. Best and epoch
    /// copies are further names of the same file, made before `last`, so that a resumed run finds them or makes them
    /// again: `isBest` asks for `best`, `keepEpoch` for `epoch-NNNN`. `check` is called when the bytes are durable,
    /// before anything is replaced.
    package func saveCheckpoint(
        _ bytes: [UInt8], isBest: Bool, keepEpoch: Int? = nil, check: () throws(FileError) -> Void = {}
    ) throws(FileError) {
        let folder = try checkpoints()
        let temporary = try AtomicFile.writeTemporary(bytes, beside: RunFileName.last, in: folder)
        do throws(FileError) {
            try check()
            if isBest { try Self.copy(temporary, to: RunFileName.best, bytes, in: folder) }
            if let keepEpoch {
                try Self.copy(temporary, to: RunFileName.checkpoint(epoch: keepEpoch), bytes, in: folder)
            }
            try Self.keepLastAsPrevious(in: folder)
            try folder.rename(temporary, to: RunFileName.last)
        } catch {
            try? folder.remove(temporary)
            throw error
        }
        try folder.synchronize()
    }

    /// Replaces `best` alone, as when training goes back to an earlier epoch.
    package func replaceBest(_ bytes: [UInt8]) throws(FileError) {
        try AtomicFile.write(bytes, to: RunFileName.best, in: checkpoints())
    }

    /// Removes a `best` that is not of this run's epochs.
    package func removeBest() throws(FileError) {
        let folder = try checkpoints()
        if folder.exists(RunFileName.best) { try folder.remove(RunFileName.best) }
    }

    /// Replaces status.json. A failure is ignored: the training does not depend on it. When it is written depends on
    /// the clock, so that it is no place for a planned fault.
    package func replaceStatus(_ status: RunStatus) {
        replaceShown(status.json, RunFileName.status)
    }

    /// Replaces validation.json, in the same way.
    package func replaceValidation(_ matrix: ValidationMatrix) {
        replaceShown(matrix.json, RunFileName.validation)
    }

    private func replaceShown(_ json: String, _ name: String) {
        guard let folder = try? folder.unobserved() else { return }
        try? AtomicFile.replaceWithoutSynchronizing(Array((json + "\n").utf8), name, in: folder)
    }

    /// Saves the state before a failure beside `last`, never over it.
    package func saveFailedState(_ bytes: [UInt8]) throws(FileError) {
        try AtomicFile.write(bytes, to: RunFileName.failed, in: checkpoints())
    }

    /// Gives the durable file `source` the further name `target`; where the file system has no links, writes it again.
    private static func copy(
        _ source: String, to target: String, _ bytes: [UInt8], in folder: OpenFolder
    ) throws(FileError) {
        do throws(FileError) {
            try linkOver(source, target, in: folder)
        } catch {
            guard error.operation == .link else { throw error }
            try AtomicFile.write(bytes, to: target, in: folder)
        }
    }

    /// Makes `previous` a name of the file that `last` names. Without links `last` is renamed: then for a moment only
    /// `previous` exists.
    private static func keepLastAsPrevious(in folder: OpenFolder) throws(FileError) {
        guard folder.exists(RunFileName.last) else { return }
        do throws(FileError) {
            try linkOver(RunFileName.last, RunFileName.previous, in: folder)
        } catch {
            guard error.operation == .link else { throw error }
            try folder.rename(RunFileName.last, to: RunFileName.previous)
        }
    }

    /// Replaces the name `target` by one of the file `source`, in one step.
    private static func linkOver(_ source: String, _ target: String, in folder: OpenFolder) throws(FileError) {
        let name = AtomicFile.temporaryName(beside: target)
        try folder.link(source, to: name)
        do throws(FileError) {
            try folder.rename(name, to: target)
        } catch {
            try? folder.remove(name)
            throw error
        }
        // Renaming one name of a file onto another of the same file does nothing, and leaves both.
        if folder.exists(name) { try folder.remove(name) }
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
    package var hasCheckpoint: Bool {
        guard let folder = try? checkpoints() else { return false }
        return folder.exists(RunFileName.last) || folder.exists(RunFileName.previous)
    }

    /// Whether the state of the best epoch is there.
    package var hasBest: Bool { (try? checkpoints())?.exists(RunFileName.best) ?? false }

    /// Reads and checks a checkpoint by its name.
    package func checkpoint(_ name: String) throws(CheckpointReadError) -> Safetensors {
        let folder: OpenFolder
        do throws(FileError) {
            folder = try checkpoints()
        } catch {
            throw .file(error)
        }
        return try Safetensors(name, in: folder)
    }

    /// The content of the run's journal.
    package func recordedJournal() throws(FileError) -> RunJournal {
        RunJournal(records: Journal.records(try folder.read(RunFileName.journal, byteLimit: Journal.byteLimit)))
    }

    /// The newest valid checkpoint: `last`, else `previous`. `validate` checks the content further and returns
    /// the reason against it, or nil.
    package func newestCheckpoint(
        validate: (Safetensors) -> String? = { _ in nil }
    ) throws(RunDirectoryError) -> FoundCheckpoint {
        try Self.newestCheckpoint(
            in: Self.onFiles { () throws(FileError) in try checkpoints() }, ofRun: path, validate: validate)
    }

    /// The newest valid checkpoint of a run that is only read, and not locked.
    package static func newestCheckpoint(
        at run: RunPaths, validate: (Safetensors) -> String?
    ) throws(RunDirectoryError) -> FoundCheckpoint {
        let folder = try onFiles { () throws(FileError) in try OpenFolder(at: run.checkpoints, access: .owner) }
        return try newestCheckpoint(in: folder, ofRun: run.run, validate: validate)
    }

    private static func newestCheckpoint(
        in folder: OpenFolder, ofRun path: String, validate: (Safetensors) -> String?
    ) throws(RunDirectoryError) -> FoundCheckpoint {
        var reasons: [String] = []
        for name in [RunFileName.last, RunFileName.previous] {
            let file = folder.path(name)
            do {
                let contents = try Safetensors(name, in: folder)
                guard let problem = validate(contents) else {
                    return FoundCheckpoint(path: file, contents: contents, warnings: reasons)
                }
                reasons.append("\(quoted(file)): \(problem)")
            } catch {
                reasons.append("\(quoted(file)): \(error.problem)")
            }
        }
        throw .noCheckpoint(path: path, reasons: reasons)
    }
}

extension RunDirectory {
    /// Replaces metrics.jsonl and history.csv by these rows, each in one step.
    package func replaceMetrics(_ rows: [EpochRow]) throws(FileError) {
        try AtomicFile.write(EpochRow.jsonLines(rows), to: RunFileName.metrics, in: folder)
        try AtomicFile.write(EpochRow.csv(rows), to: RunFileName.history, in: folder)
    }

    /// Appends a line to timings.jsonl.
    package func append(_ line: RunTimings.Line) throws(FileError) {
        try append(line.jsonLine, to: RunFileName.timings)
    }

    /// Appends a line to log.jsonl.
    package func append(_ line: RunLogLine) throws(FileError) {
        try append(line.jsonLine, to: RunFileName.log)
    }

    /// Opens the run's journal. It has one writer at a time.
    package func openJournal() throws(FileError) -> Journal {
        try Journal(in: folder, name: RunFileName.journal)
    }

    private func append(_ line: String, to name: String) throws(FileError) {
        precondition(!line.utf8.contains(UInt8(ascii: "\n")), "one line at a time")
        try Self.append(Array((line + "\n").utf8), to: name, in: folder)
    }

    /// Appends records to an event file of TensorBoard in the folder RUN/tensorboard/NAME. Writers have a file each. When
    /// they are written depends on the clock, as for status.json.
    package func append(_ records: [UInt8], toTensorBoard name: String, file: String) throws(FileError) {
        let events = try folder.unobserved().makingFolder(RunFileName.tensorBoard).makingFolder(name)
        try Self.append(records, to: file, in: events)
    }

    private static func append(_ bytes: [UInt8], to name: String, in folder: OpenFolder) throws(FileError) {
        let (files, path) = (folder.files, folder.path(name))
        let descriptor = try folder.open(name, O_WRONLY | O_CREAT | O_APPEND)
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
