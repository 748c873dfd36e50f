import Coordination
import Core
import Foundation
import Runs
import Transport

/// Writes what a coordinator records into the run directory: checkpoints, metrics, timings, journal and log.
final class RunRecorder {
    private let directory: RunDirectory
    private let journal: Journal
    private var failure: String?
    private var unwritten: UnwrittenRows?

    /// Rows that could not be written yet.
    private struct UnwrittenRows {
        var rows: [EpochRow]
        var attempts: Int
        var retryAt: Int64
    }

    private static let attemptLimit = 3
    private static let retryNanoseconds: Int64 = 1_000_000_000

    init(_ directory: RunDirectory) throws(FileError) {
        self.directory = directory
        journal = try directory.openJournal()
    }

    var paths: RunPaths { directory.paths }

    /// Writes a state to all its destinations; returns the error in one line, or nil.
    func write(_ request: CheckpointRequest) -> String? {
        do {
            if request.destinations.contains(.diverged) {
                try journal.checkSoleWriter()
                try directory.saveFailedState(request.bytes)
            } else {
                let kept = request.destinations.lazy.compactMap { destination -> Int? in
                    if case .epoch(let epoch) = destination { Int(epoch) } else { nil }
                }.first
                try journal.announceCheckpoint(request.bytes, completedSteps: request.name.completedSteps)
                try directory.saveCheckpoint(
                    request.bytes, isBest: request.destinations.contains(.best), keepEpoch: kept,
                    check: { () throws(FileError) in try journal.checkSoleWriter() })
            }
            return nil
        } catch {
            return String(describing: error)
        }
    }

    func record(_ status: RunStatus) { directory.replaceStatus(status) }

    func record(_ matrix: ValidationMatrix) { directory.replaceValidation(matrix) }

    /// Replaces the metrics by these rows. A failed write is tried again.
    func record(rows: [EpochRow]) {
        do throws(FileError) {
            try replaceMetrics(rows)
            unwritten = nil
        } catch {
            failure = error.description
            unwritten = UnwrittenRows(
                rows: rows, attempts: 1, retryAt: MonotonicTime.now.nanoseconds + Self.retryNanoseconds)
        }
    }

    /// A coordinator that another one has followed replaces nothing.
    private func replaceMetrics(_ rows: [EpochRow]) throws(FileError) {
        try journal.checkSoleWriter()
        try directory.replaceMetrics(rows)
    }

    func record(_ timing: EpochTiming) {
        attempt { () throws(FileError) in try directory.append(.epoch(timing)) }
    }

    /// Retries a failed write of rows when it is due. Throws the error of the third attempt.
    func retryRows() throws(FileError) {
        guard let rest = unwritten, MonotonicTime.now.nanoseconds >= rest.retryAt else { return }
        do throws(FileError) {
            try replaceMetrics(rest.rows)
            unwritten = nil
        } catch {
            guard rest.attempts + 1 < Self.attemptLimit else {
                unwritten = nil
                throw error
            }
            unwritten = UnwrittenRows(
                rows: rest.rows, attempts: rest.attempts + 1,
                retryAt: MonotonicTime.now.nanoseconds + Self.retryNanoseconds)
        }
    }

    /// Retries until all rows are written, at the end of the run.
    func finishRows() throws(FileError) {
        while let rest = unwritten {
            let left = rest.retryAt - MonotonicTime.now.nanoseconds
            if left > 0 { usleep(UInt32(left / 1000)) }
            try retryRows()
        }
    }

    /// Takes the lead of the run: the term is synced to disk before it is used.
    func takeLead() throws(FileError) -> Leadership {
        var generator = SystemRandomNumberGenerator()
        var leadership = Leadership(
            after: journal.recovered, newJob: JobIdentifier(high: generator.next(), low: generator.next()))
        leadership.lastRecordMilliseconds = journal.lastWritten?.milliseconds
        try journal.append(leadership.entry.record)
        try journal.synchronize()
        return leadership
    }

    /// Adds the time of a reconfiguration.
    func record(_ timing: RecoveryTiming) {
        attempt { () throws(FileError) in try directory.append(.recovery(timing)) }
    }

    /// The last error of a write since the previous call, in one line.
    func takeFailure() -> String? {
        defer { failure = nil }
        return failure
    }

    /// Adds an event to the journal; returns the error in one line, or nil.
    @discardableResult
    func record(_ event: RunEvent) -> String? {
        guard case .stepDigests(let firstStep, let digests) = event, digests.count > Self.digestLimit else {
            return append(event)
        }
        for begin in stride(from: 0, to: digests.count, by: Self.digestLimit) {
            let piece = Array(digests[begin..<min(begin + Self.digestLimit, digests.count)])
            if let problem = append(.stepDigests(firstStep: firstStep &+ UInt64(begin), digests: piece)) {
                return problem
            }
        }
        return nil
    }

    /// Step digests in one record, with the number of their first step.
    private static let digestLimit = Journal.payloadByteLimit / 8 - 1

    private func append(_ event: RunEvent) -> String? {
        attempt { () throws(FileError) in
            try journal.append(JournalEntry(event).record)
            if case .stepDigests = event { return }
            try journal.synchronize()
        }
    }

    func log(_ entry: LogEntry, at time: Date) {
        let level: RunLogLine.Level =
            switch entry.level {
            case .detail: .debug
            case .notice: .info
            case .warning: .warning
            case .failure: .error
            }
        let line = RunLogLine(time: time.formatted(.iso8601), level: level, message: entry.text)
        attempt { () throws(FileError) in try directory.append(line) }
    }

    @discardableResult
    private func attempt(_ body: () throws(FileError) -> Void) -> String? {
        do throws(FileError) {
            try body()
            return nil
        } catch {
            failure = error.description
            return error.description
        }
    }
}

/// Measures the time of epochs, from the first view on.
struct EpochClock {
    private var start = MonotonicTime.now.nanoseconds
    /// Samples of the running epoch that were trained on before its clock started.
    private var untimedSampleCount: Int

    /// Starts in an epoch with `doneSampleCount` samples already done.
    init(doneSampleCount: Int) {
        untimedSampleCount = doneSampleCount
    }

    /// The timing of the epoch that just ended, of `sampleCount` samples.
    mutating func endEpoch(_ epoch: Int, sampleCount: Int, workerCount: Int, generation: UInt64) -> EpochTiming {
        let end = MonotonicTime.now.nanoseconds
        let seconds = Double(end - start) / 1e9
        let timing = EpochTiming(
            epoch: epoch, seconds: seconds, imagesPerSecond: Double(sampleCount - untimedSampleCount) / seconds,
            workerCount: workerCount, generation: generation)
        start = end
        untimedSampleCount = 0
        return timing
    }
}

/// What a coordinator takes over from its predecessors.
struct Leadership {
    var job: JobIdentifier
    /// Higher than any before.
    var term: UInt64
    /// The highest generation that was journalled.
    var lastGeneration: UInt64
    /// When the coordinator before this one wrote into the journal last; nil for a new run.
    var lastRecordMilliseconds: UInt64?

    /// Reads the records of the run's journal; a new run gets `newJob`.
    init(after records: [JournalRecord], newJob: JobIdentifier) {
        job = newJob
        term = 1
        lastGeneration = 0
        for entry in records.lazy.compactMap({ JournalEntry($0) }) {
            switch entry {
            case .term(let number, let job):
                term = max(term, number &+ 1)
                self.job = job
            case .view(let generation, _, _): lastGeneration = max(lastGeneration, generation)
            default: break
            }
        }
    }

    var entry: JournalEntry { .term(term, job: job) }
}

extension JournalEntry {
    /// The record of an event of the coordinator's machine.
    fileprivate init(_ event: RunEvent) {
        switch event {
        case .view(let view):
            self = .view(
                generation: view.generation, firstStep: view.position.completedSteps,
                memberCount: UInt64(view.members.count))
        case .stepDigests(let firstStep, let digests): self = .stepDigests(firstStep: firstStep, digests: digests)
        case .epoch(let epoch, let steps, let digest):
            self = .epoch(epoch, completedSteps: steps, stateDigest: digest)
        case .checkpoint(let steps): self = .checkpoint(completedSteps: steps, fileDigest: nil)
        case .stopping(let limit): self = .stopping(stepLimit: limit)
        case .ended(let outcome): self = .ended(outcome.description)
        }
    }
}
