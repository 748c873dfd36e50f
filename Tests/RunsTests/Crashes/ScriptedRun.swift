import Core
import Synchronization

@testable import Runs

/// Everything that a training does with its run directory, from its making to a resumed end, and the promises that it
/// has made at each moment.
final class ScriptedRun: Sendable {
    static let digest = SHA256Digest(of: [1])
    private let state = Mutex(Promise())
    let path: String

    init(path: String) { self.path = path }

    /// What holds at this moment.
    var promise: Promise { state.withLock { $0 } }

    private func note(_ change: (inout Promise) -> Void) {
        state.withLock { change(&$0) }
    }

    /// Trains two epochs, and another after a resumption.
    func play(_ files: FileOperations) throws {
        do {
            let run = try RunDirectory.create(at: path, experiment: "name: x\n", digest: Self.digest, files: files)
            note { $0.isMade = true }
            try train(epochs: 1...2, run)
        }
        let run = try reopen(path, digest: Self.digest, files: files)
        _ = try run.newestCheckpoint()
        try run.replaceExperiment("name: x\n", digest: Self.digest)
        try train(epochs: 3...3, run)
    }

    private func train(epochs: ClosedRange<Int>, _ run: RunDirectory) throws {
        try replaceMetrics(throughEpoch: epochs.lowerBound - 1, run)
        let journal = try run.openJournal()
        try append(JournalRecord(kind: 7, payload: [UInt8](repeating: 3, count: 24)), journal, isSynchronized: true)
        for epoch in epochs {
            // Longer than a page of the disk, and not synchronised.
            let digests = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* epoch | 1) }
            try append(JournalRecord(kind: 2, payload: digests), journal, isSynchronized: false)
            try append(JournalRecord(kind: 4, payload: [UInt8(epoch)]), journal, isSynchronized: true)
            try save(epoch: epoch, run)
            try append(JournalRecord(kind: 3, payload: [UInt8(epoch)]), journal, isSynchronized: true)
            try replaceMetrics(throughEpoch: epoch, run)
            let timing = EpochTiming(epoch: epoch, seconds: 1, imagesPerSecond: 1, workerCount: 1, generation: 1)
            try run.append(.epoch(timing))
            try run.append(RunLogLine(time: "", level: .info, message: ""))
        }
    }

    private func append(_ record: JournalRecord, _ journal: Journal, isSynchronized: Bool) throws {
        note { $0.records.append(record) }
        try journal.append(record)
        guard isSynchronized else { return }
        try journal.synchronize()
        note { $0.durableRecordCount = $0.records.count }
    }

    private func save(epoch: Int, _ run: RunDirectory) throws {
        let step = UInt64(10 * epoch)
        let isBest = epoch != 2
        note {
            $0.last.saving = step
            if isBest { $0.best.saving = step }
            if epoch == 2 { $0.kept.saving = step }
        }
        try run.saveCheckpoint(Self.checkpoint(step), isBest: isBest, keepEpoch: epoch == 2 ? 2 : nil)
        note {
            $0.last.finish()
            $0.best.finish()
            $0.kept.finish()
        }
    }

    private func replaceMetrics(throughEpoch epoch: Int, _ run: RunDirectory) throws {
        let rows = Self.rows(throughEpoch: epoch)
        let text = EpochRow.jsonLines(rows)
        note { $0.metrics.append(text) }
        try run.replaceMetrics(rows)
        note { $0.metrics = [text] }
    }

    static func rows(throughEpoch epoch: Int) -> [EpochRow] {
        (0..<epoch).map {
            EpochRow(
                epoch: $0 + 1, step: 10 * $0 + 10, loss: 1, accuracy: 0.5, validationLoss: nil,
                validationAccuracy: nil, learningRate: 0.5)
        }
    }

    /// Three pages of a disk with the number of their step.
    static func checkpoint(_ step: UInt64) -> [UInt8] {
        var writer = SafetensorsWriter()
        writer.add(name: "steps", shape: [1200], [UInt64](repeating: step, count: 1200))
        return writer.serialized()
    }

    /// The step of a checkpoint whose pages are all of it; nil otherwise.
    static func step(of contents: Safetensors) -> UInt64? {
        guard let steps = try? contents.unsignedIntegers(named: "steps"), steps.count == 1200 else { return nil }
        return steps.allSatisfy { $0 == steps[0] } ? steps[0] : nil
    }
}
