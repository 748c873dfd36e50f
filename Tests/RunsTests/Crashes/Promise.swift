@testable import Runs

/// What a run's files have to hold after a crash: finished operations, and those that had begun.
struct Promise: Sendable {
    /// Making the run has returned.
    var isMade = false
    /// Of `last`, `best` and the copy of an epoch.
    var last = SavedStep()
    var best = SavedStep()
    var kept = SavedStep()
    /// What metrics.jsonl may hold; nil for no file.
    var metrics: [String?] = [nil]
    /// All records that were appended, in their order, the one being appended included.
    var records: [JournalRecord] = []
    /// The records that were made durable.
    var durableRecordCount = 0

    /// A checkpoint's name: which step it has for sure, and which one it may have already.
    struct SavedStep: Sendable {
        var saved: UInt64?
        var saving: UInt64?

        mutating func finish() {
            saved = saving ?? saved
            saving = nil
        }

        func allows(_ step: UInt64?) -> Bool { step == saved || saving != nil && step == saving }
    }
}
