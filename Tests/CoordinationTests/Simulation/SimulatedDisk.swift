import TestSupport

@testable import Coordination

/// The run directory: what a coordinator has written, of which the journal's last records may be lost in a crash.
struct SimulatedDisk {
    /// Of the last leader that began, synced before it did anything.
    var term: UInt64 = 0
    var journal: [RunEvent] = []
    /// Journal records that a power loss leaves.
    var syncedJournalCount = 0
    /// The rows of metrics.jsonl.
    var rows: [[UInt8]] = []
    /// The state in `last`.
    var last: (name: StateName, bytes: [UInt8])?
    var checkpoints: [CheckpointRequest] = []

    var highestGeneration: UInt64 {
        var highest: UInt64 = 0
        for case .view(let view) in journal { highest = max(highest, view.generation) }
        return highest
    }

    /// What an earlier run left.
    mutating func begin(_ training: SimulatedTraining, rounds: UInt64, _ stateByteCount: Int) {
        let position = training.position(rounds)
        let name = StateName(
            purpose: .stop, completedSteps: position.completedSteps, completedEpochs: position.completedEpochs)
        let state = training.states[Int(rounds)]
        last = (name, SimulatedTraining.bytes(rounds: rounds, state: state, count: stateByteCount))
        rows = (0..<UInt64(position.completedEpochs)).map { training.row($0 + 1) }
    }

    /// Everything is synced at once, but for the digests of steps.
    mutating func append(_ event: RunEvent, synchronizesViews: Bool) {
        journal.append(event)
        switch event {
        case .stepDigests: break
        case .view where !synchronizesViews: break
        default: syncedJournalCount = journal.count
        }
    }

    /// The journal keeps its synced part, and some of the part after it.
    mutating func losePower(_ generator: inout SeededGenerator) {
        let kept = Int.random(in: min(syncedJournalCount, journal.count)...journal.count, using: &generator)
        journal.removeSubrange(kept...)
    }

    mutating func write(_ request: CheckpointRequest) {
        checkpoints.append(request)
        if request.destinations.contains(.last) { last = (request.name, request.bytes) }
        syncedJournalCount = journal.count
    }
}
