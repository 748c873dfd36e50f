import Coordination
import Core
import Runs

extension JournalEntry {
    /// Of the words that say how a run ended, so many bytes are kept.
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

    /// Nil for a kind that this program does not know, a payload of another length, and numbers that nobody counts to.
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

/// Takes a payload apart from its front.
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
