import Coordination
import Core
import Runs

/// What the journal of a run says, read without the run's lock.
struct RunJournal: Sendable {
    /// The digest of each step's summed gradient, by the number of steps before it. A step that was done again after a fault
    /// has its last digest.
    private(set) var stepDigests: [UInt64: UInt64] = [:]
    /// Steps that were done more than once, with digests that differ.
    private(set) var conflictingSteps: Set<UInt64> = []
    /// Whether no record of it can be read.
    private(set) var isEmpty = true
    /// Whether it says that a checkpoint is in its place.
    private(set) var hasSavedCheckpoint = false
    /// SHA-256 of the states that were recorded after so many steps.
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

    /// What is wrong with a checkpoint's bytes, in words: their SHA-256 is none that was recorded after so many steps. Nil
    /// when it is, and when none was recorded: a process may have died between saving and recording.
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
    /// Records the SHA-256 of a checkpoint that is about to be saved, so that a changed bit in it will be noticed.
    func announceCheckpoint(_ bytes: [UInt8], completedSteps: UInt64) throws(FileError) {
        let entry = JournalEntry.checkpoint(
            completedSteps: completedSteps, fileDigest: SHA256Digest(of: bytes))
        try append(entry.record)
        try synchronize()
    }
}
