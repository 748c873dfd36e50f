import Glibc

extension RunDirectory {
    /// Replaces metrics.jsonl and history.csv by these rows, each in one step.
    package func replaceMetrics(_ rows: [EpochRow]) throws(FileError) {
        try AtomicFile.write(EpochRow.jsonLines(rows), to: paths.metrics, with: files)
        try AtomicFile.write(EpochRow.csv(rows), to: paths.history, with: files)
    }

    /// Adds a line to timings.jsonl.
    package func appendTimings(_ line: String) throws(FileError) {
        try append(line, to: paths.timings)
    }

    /// Adds a line to log.jsonl.
    package func appendLog(_ line: String) throws(FileError) {
        try append(line, to: paths.log)
    }

    /// Opens the run's journal, which is to have one writer at a time.
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
