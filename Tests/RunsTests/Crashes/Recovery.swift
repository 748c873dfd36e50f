@testable import Runs

/// Continues a run after a crash and returns the promises that are broken.
struct Recovery {
    let paths: RunPaths
    let promise: Promise
    private(set) var violations: [String] = []

    init(path: String, promise: Promise) {
        paths = RunPaths(path)
        self.promise = promise
        do {
            guard let run = try opened() else { return }
            try checkCheckpoints(run)
            try checkMetrics()
            try goOn(run, checkedJournal(run))
        } catch {
            violations.append("a call failed: \(error)")
        }
    }

    /// The run; nil when none was promised and none is there, and then it can be made.
    private mutating func opened() throws -> RunDirectory? {
        do {
            return try reopen(paths.run, digest: ScriptedRun.digest)
        } catch {
            guard !promise.isMade else {
                violations.append("the run is lost: \(error)")
                return nil
            }
        }
        _ = try RunDirectory.create(at: paths.run, experiment: "", digest: ScriptedRun.digest)
        return nil
    }

    private mutating func checkCheckpoints(_ run: RunDirectory) throws {
        var newest: UInt64?
        if run.hasCheckpoint {
            let found = try? run.newestCheckpoint { contents in
                ScriptedRun.step(of: contents) == nil ? "it is torn" : nil
            }
            newest = found.flatMap { ScriptedRun.step(of: $0.contents) }
        }
        check("the newest checkpoint", newest, promise.last)
        check("best", try step(paths.best), promise.best)
        check("the epoch's copy", try step(paths.checkpoint(epoch: 2)), promise.kept)
    }

    /// The step in a checkpoint, `UInt64.max` for a torn one, nil for none.
    private func step(_ path: String) throws -> UInt64? {
        guard FileOperations().exists(path) else { return nil }
        return (try? Safetensors(path: path)).flatMap(ScriptedRun.step) ?? .max
    }

    private mutating func check(_ name: String, _ found: UInt64?, _ expected: Promise.SavedStep) {
        guard !expected.allows(found) else { return }
        violations.append("\(name) is of step \(found as UInt64?), not of \(expected)")
    }

    private mutating func checkMetrics() throws {
        let found = FileOperations().exists(paths.metrics) ? try text(paths.metrics) : nil
        if !promise.metrics.contains(found) {
            violations.append("metrics.jsonl is neither the old nor the new one: \(found ?? "no file")")
        }
    }

    private mutating func checkedJournal(_ run: RunDirectory) throws -> Journal {
        let journal = try run.openJournal()
        let found = journal.recovered
        if found.count < promise.durableRecordCount {
            violations.append("the journal has \(found.count) records, not \(promise.durableRecordCount)")
        }
        if !promise.records.starts(with: found) { violations.append("the journal's records are not those appended") }
        return journal
    }

    /// Saves, journals and records once more.
    private mutating func goOn(_ run: RunDirectory, _ journal: Journal) throws {
        let recordCount = journal.recovered.count
        try journal.append(JournalRecord(kind: 9, payload: [9]))
        try run.saveCheckpoint(ScriptedRun.checkpoint(99), isBest: true)
        try run.replaceMetrics([])
        let step = ScriptedRun.step(of: try run.newestCheckpoint().contents)
        let names = try FileOperations().list(paths.checkpoints)
        if step != 99 || names.contains(where: AtomicFile.isTemporary) {
            violations.append("continuing leaves step \(step as UInt64?) and the files \(names)")
        }
        let records = try Journal.records(path: paths.journal)
        if records.count != recordCount + 1 { violations.append("the journal cannot be continued") }
    }
}
