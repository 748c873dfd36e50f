import Coordination
import Core
import Runs

/// What a coordinator has to know of those that led the run before it.
struct Leadership {
    var job: JobIdentifier
    /// Higher than any before.
    var term: UInt64
    /// The highest generation that was journalled.
    var lastGeneration: UInt64

    /// Reads the journal of the run; a run without one begins with `newJob`.
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
