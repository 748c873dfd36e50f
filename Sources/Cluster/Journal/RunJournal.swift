import Coordination
import Core
import Runs

/// A decoded record of a run's journal.
enum JournalEntry: Sendable, Equatable {
    case view(generation: UInt64, firstStep: UInt64, memberCount: UInt64)
    /// CRC-32C of the summed gradients of consecutive steps, counted from 0; 0 for a step without one.
    case stepDigests(firstStep: UInt64, digests: [UInt64])
    /// All workers agreed on an epoch (from 1); SHA-256 of the state at its end, as a checkpoint's bytes.
    /// Nil when no worker held the state at the end of the epoch any more.
    case epoch(UInt32, completedSteps: UInt64, stateDigest: SHA256Digest?)
    /// With the SHA-256 of its bytes: a checkpoint that will be saved next. Without: one that was saved.
    case checkpoint(completedSteps: UInt64, fileDigest: SHA256Digest?)
    case stopping(stepLimit: UInt64)
    /// Why the run ended, in words.
    case ended(String)
    /// A coordinator took the lead.
    case term(UInt64, job: JobIdentifier)

    /// The entry for an event of the coordinator's machine.
    init(_ event: RunEvent) {
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

extension JournalEntry {
    /// Most bytes of the text that says how a run ended.
    private static let textByteLimit = 1024

    /// Generations and terms are below it, so that the next ones can be sent to workers.
    private static let countLimit = WireLimits.largestNumber / 2

    /// The record's form: little-endian words of 64 bits, digests as they are, text in UTF-8.
    var record: JournalRecord {
        switch self {
        case .view(let generation, let firstStep, let memberCount): record(1, [generation, firstStep, memberCount])
        case .stepDigests(let firstStep, let digests): record(2, [firstStep] + digests)
        case .epoch(let epoch, let steps, let digest): record(3, [UInt64(epoch), steps], digest?.bytes ?? [])
        case .checkpoint(let steps, let digest): record(4, [steps], digest?.bytes ?? [])
        case .stopping(let limit): record(5, [limit])
        case .ended(let text): record(6, [], Array(text.utf8.prefix(Self.textByteLimit)))
        case .term(let term, let job): record(7, [term, job.high, job.low])
        }
    }

    private func record(_ kind: UInt8, _ words: [UInt64], _ rest: [UInt8] = []) -> JournalRecord {
        let bytes = words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
        return JournalRecord(kind: kind, payload: bytes + rest)
    }

    /// Nil for an unknown kind, a payload of the wrong length, and out-of-range numbers.
    init?(_ record: JournalRecord) {
        var reader = PayloadReader(record.payload)
        guard let entry = Self.read(record.kind, &reader), reader.isAtEnd else { return nil }
        self = entry
    }

    private static func read(_ kind: UInt8, _ reader: inout PayloadReader) -> JournalEntry? {
        switch kind {
        case 1:
            guard let words = reader.words(3), words[0] < Self.countLimit else { return nil }
            return .view(generation: words[0], firstStep: words[1], memberCount: words[2])
        case 2:
            guard let firstStep = reader.word(), let digests = reader.words(reader.wordCount) else { return nil }
            return .stepDigests(firstStep: firstStep, digests: digests)
        case 3:
            guard let words = reader.words(2), let epoch = UInt32(exactly: words[0]) else { return nil }
            return .epoch(epoch, completedSteps: words[1], stateDigest: reader.digest())
        case 4:
            guard let steps = reader.word() else { return nil }
            return .checkpoint(completedSteps: steps, fileDigest: reader.digest())
        case 5: return reader.word().map { .stopping(stepLimit: $0) }
        case 6: return .ended(reader.text())
        case 7:
            guard let words = reader.words(3), words[0] < Self.countLimit else { return nil }
            return .term(words[0], job: JobIdentifier(high: words[1], low: words[2]))
        default: return nil
        }
    }
}

/// Reads a payload from its front.
private struct PayloadReader {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    var isAtEnd: Bool { bytes.isEmpty }
    /// Whole words that are left.
    var wordCount: Int { bytes.count / 8 }

    mutating func word() -> UInt64? {
        guard bytes.count >= 8 else { return nil }
        defer { bytes = bytes.dropFirst(8) }
        return bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func words(_ count: Int) -> [UInt64]? {
        guard wordCount >= count else { return nil }
        return (0..<count).compactMap { _ in word() }
    }

    mutating func digest() -> SHA256Digest? {
        guard let digest = SHA256Digest(bytes: Array(bytes.prefix(SHA256Digest.byteCount))) else { return nil }
        bytes = bytes.dropFirst(SHA256Digest.byteCount)
        return digest
    }

    mutating func text() -> String {
        defer { bytes = [] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The content of a run's journal, read without the run's lock.
struct RunJournal: Sendable {
    /// The digest of each step's summed gradient, by the number of steps before it. A repeated step has its last digest.
    private(set) var stepDigests: [UInt64: UInt64] = [:]
    /// Repeated steps whose digests differ.
    private(set) var conflictingSteps: Set<UInt64> = []
    /// Whether it has no readable record.
    private(set) var isEmpty = true
    /// Whether it has the record of a saved checkpoint.
    private(set) var hasSavedCheckpoint = false
    /// SHA-256 of the recorded states, by their number of complete steps.
    private var stateDigests: [UInt64: Set<SHA256Digest>] = [:]

    init(records: [JournalRecord]) {
        for entry in records.lazy.compactMap({ JournalEntry($0) }) {
            isEmpty = false
            switch entry {
            case .stepDigests(let firstStep, let digests): add(digests, firstStep: firstStep)
            case .epoch(_, let steps, let digest?), .checkpoint(let steps, let digest?):
                stateDigests[steps, default: []].insert(digest)
            case .checkpoint(_, nil): hasSavedCheckpoint = true
            case .view, .epoch, .stopping, .ended, .term: break
            }
        }
    }

    /// The journal of a run; throws when there is none.
    init(of paths: RunPaths, files: FileOperations = FileOperations()) throws(FileError) {
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

    /// The problem of a checkpoint's bytes: their SHA-256 is not one that was recorded after `completedSteps` steps. Nil when it
    /// is, and when none was recorded: a process may have died between saving and recording.
    func problem(ofCheckpoint bytes: [UInt8], completedSteps: Int) -> String? {
        guard let known = stateDigests[UInt64(completedSteps)] else { return nil }
        let found = SHA256Digest(of: bytes)
        guard !known.contains(found) else { return nil }
        let expected = known.map(\.abbreviated).sorted().joined(separator: " or ")
        return "its SHA-256 begins with \(found.abbreviated), the journal has \(expected)"
            + " after step \(completedSteps): it was changed after it was saved"
    }
}

extension Journal {
    /// Records the SHA-256 of a checkpoint before it is saved, so that a changed bit in it is noticed.
    func announceCheckpoint(_ bytes: [UInt8], completedSteps: UInt64) throws(FileError) {
        let entry = JournalEntry.checkpoint(
            completedSteps: completedSteps, fileDigest: SHA256Digest(of: bytes))
        try append(entry.record)
        try synchronize()
    }
}
