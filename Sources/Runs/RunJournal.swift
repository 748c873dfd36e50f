package import Core

/// A record of a run's journal with its meaning. Steps count the completed steps before.
package enum JournalEntry: Sendable, Equatable {
    case view(generation: UInt64, firstStep: UInt64, memberCount: UInt64)
    /// CRC-32C of the summed gradients of consecutive steps; 0 where none was taken.
    case stepDigests(firstStep: UInt64, digests: [UInt64])
    /// All workers agreed on an epoch (from 1). The digest is that of the state at its end, as a checkpoint's bytes;
    /// nil where the epoch had ended before a state was requested.
    case epoch(UInt32, completedSteps: UInt64, stateDigest: SHA256Digest?)
    /// With the SHA-256 of its bytes: a checkpoint before it is saved. Without: a saved one.
    case checkpoint(completedSteps: UInt64, fileDigest: SHA256Digest?)
    case stopping(stepLimit: UInt64)
    /// Why the run ended.
    case ended(String)
    /// A coordinator took over the run.
    case term(UInt64, job: JobIdentifier)

    /// Bytes of the text of `ended` that are stored.
    private static let textByteLimit = 1024

    /// Generations and terms are below it, so that the next ones can be sent to workers.
    private static let countLimit: UInt64 = 1 << 52

    // MARK: Coding

    /// The record: little-endian words of 64 bits, digests as they are, text in UTF-8.
    package var record: JournalRecord {
        var payload = ByteWriter()
        let kind: UInt8
        switch self {
        case .view(let generation, let firstStep, let memberCount):
            kind = 1
            for word in [generation, firstStep, memberCount] { payload.append(word) }
        case .stepDigests(let firstStep, let digests):
            kind = 2
            for word in [firstStep] + digests { payload.append(word) }
        case .epoch(let epoch, let steps, let digest):
            kind = 3
            for word in [UInt64(epoch), steps] { payload.append(word) }
            if let digest { payload.append(digest) }
        case .checkpoint(let steps, let digest):
            kind = 4
            payload.append(steps)
            if let digest { payload.append(digest) }
        case .stopping(let limit):
            kind = 5
            payload.append(limit)
        case .ended(let text):
            kind = 6
            payload.append(contentsOf: text.utf8.prefix(Self.textByteLimit))
        case .term(let term, let job):
            kind = 7
            for word in [term, job.high, job.low] { payload.append(word) }
        }
        return JournalRecord(kind: kind, payload: payload.bytes)
    }

    /// Nil for an unknown kind, a payload of another length and out-of-range numbers.
    package init?(_ record: JournalRecord) {
        var reader = ByteReader(record.payload)
        guard let entry = Self.read(record.kind, &reader), reader.isAtEnd else { return nil }
        self = entry
    }

    private static func read(_ kind: UInt8, _ reader: inout ByteReader<[UInt8]>) -> JournalEntry? {
        switch kind {
        case 1:
            guard let words = reader.integers(UInt64.self, count: 3), words[0] < countLimit else { return nil }
            return .view(generation: words[0], firstStep: words[1], memberCount: words[2])
        case 2:
            guard let firstStep = reader.integer(UInt64.self),
                let digests = reader.integers(UInt64.self, count: reader.remainingByteCount / 8)
            else { return nil }
            return .stepDigests(firstStep: firstStep, digests: digests)
        case 3:
            guard let words = reader.integers(UInt64.self, count: 2), let epoch = UInt32(exactly: words[0]) else {
                return nil
            }
            return .epoch(epoch, completedSteps: words[1], stateDigest: reader.digest())
        case 4:
            guard let steps = reader.integer(UInt64.self) else { return nil }
            return .checkpoint(completedSteps: steps, fileDigest: reader.digest())
        case 5: return reader.integer(UInt64.self).map { .stopping(stepLimit: $0) }
        case 6: return .ended(String(decoding: reader.rest(), as: UTF8.self))
        case 7:
            guard let words = reader.integers(UInt64.self, count: 3), words[0] < countLimit else { return nil }
            return .term(words[0], job: JobIdentifier(high: words[1], low: words[2]))
        default: return nil
        }
    }
}

/// The content of a run's journal, read without the run's lock.
package struct RunJournal: Sendable {
    /// The checksum of each step's summed gradient, by the number of steps before it. Of a step that was redone after a
    /// fault it is the last one.
    package private(set) var stepDigests: [UInt64: UInt64] = [:]
    /// Steps that were done more than once, with different checksums.
    package private(set) var conflictingSteps: Set<UInt64> = []
    /// Whether it has no record that can be read.
    package private(set) var isEmpty = true
    /// Steps that are complete in the furthest checkpoint that was recorded as saved; nil where none was.
    package private(set) var savedSteps: UInt64?
    /// SHA-256 of the recorded states, by the number of completed steps.
    private var stateDigests: [UInt64: Set<SHA256Digest>] = [:]

    package init(records: [JournalRecord]) {
        for entry in records.lazy.compactMap({ JournalEntry($0) }) {
            isEmpty = false
            switch entry {
            case .stepDigests(let firstStep, let digests): add(digests, firstStep: firstStep)
            case .epoch(_, let steps, let digest?), .checkpoint(let steps, let digest?):
                stateDigests[steps, default: []].insert(digest)
            case .checkpoint(let steps, nil): savedSteps = max(savedSteps ?? 0, steps)
            case .view, .epoch, .stopping, .ended, .term: break
            }
        }
    }

    /// Whether a checkpoint was recorded as saved.
    package var hasSavedCheckpoint: Bool { savedSteps != nil }

    /// Steps whose gradients were recorded and that no saved checkpoint contains.
    package var unsavedStepCount: UInt64 {
        let reported = stepDigests.keys.max().map { $0 &+ 1 } ?? 0
        return reported - min(reported, savedSteps ?? 0)
    }

    /// Reads the journal of a run.
    ///
    /// - Throws: `FileError` where there is none.
    package init(of paths: RunPaths, files: FileOperations = FileOperations()) throws(FileError) {
        self.init(records: try Journal.records(path: paths.journal, files: files))
    }

    private mutating func add(_ digests: [UInt64], firstStep: UInt64) {
        for (index, digest) in digests.enumerated() where digest != 0 {
            let step = firstStep &+ UInt64(index)
            if let earlier = stepDigests.updateValue(digest, forKey: step), earlier != digest {
                conflictingSteps.insert(step)
            }
        }
    }

    /// Why a checkpoint's bytes are wrong: their SHA-256 was not recorded after this number of steps. Nil if it was,
    /// and if none was recorded, because a process may die between saving and recording.
    package func problem(ofCheckpoint bytes: [UInt8], completedSteps: Int) -> String? {
        guard let known = stateDigests[UInt64(completedSteps)] else { return nil }
        let found = SHA256Digest(of: bytes)
        guard !known.contains(found) else { return nil }
        let expected = known.map(\.abbreviated).sorted().joined(separator: " or ")
        return "its SHA-256 begins with \(found.abbreviated), the journal has \(expected)"
            + " after step \(completedSteps): it was changed after it was saved"
    }
}

extension Journal {
    /// Records the SHA-256 of a checkpoint before it is saved, so that a changed bit in it is detected.
    package func announceCheckpoint(_ bytes: [UInt8], completedSteps: UInt64) throws(FileError) {
        let entry = JournalEntry.checkpoint(completedSteps: completedSteps, fileDigest: SHA256Digest(of: bytes))
        try append(entry.record)
        try synchronize()
    }
}
