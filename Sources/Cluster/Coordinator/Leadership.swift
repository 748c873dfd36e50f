import Checkpoints
import Coordination

/// What a coordinator has to know of those that led the run before it.
struct Leadership {
    var job: Coordination.JobIdentifier
    /// Higher than any before.
    var term: UInt64
    /// The highest generation that was journalled.
    var lastGeneration: UInt64

    /// Reads the journal of the run; a run without one begins with `newJob`.
    init(after records: [Checkpoints.JournalRecord], newJob: Coordination.JobIdentifier) {
        job = newJob
        term = 1
        lastGeneration = 0
        for record in records {
            let words = Self.words(record.payload)
            switch (record.kind, words.count) {
            case (7, 3):
                term = max(term, words[0] &+ 1)
                job = Coordination.JobIdentifier(high: words[1], low: words[2])
            case (1, 1...): lastGeneration = max(lastGeneration, words[0])
            default: break
            }
        }
    }

    private static func words(_ payload: [UInt8]) -> [UInt64] {
        stride(from: 0, to: payload.count - 7, by: 8).map { offset in
            payload[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    var record: Checkpoints.JournalRecord {
        let bytes = [term, job.high, job.low].flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
        return Checkpoints.JournalRecord(kind: 7, payload: bytes)
    }
}
