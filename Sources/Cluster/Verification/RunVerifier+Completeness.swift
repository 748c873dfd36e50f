import Runs
import Training

extension RunVerifier {
    /// Files that the run must have had by what its other files say, and that are not there: one line each.
    var missing: [String] {
        var lines: [String] = []
        if journal == nil { lines.append("journal is missing: no gradient can be compared") }
        if !kept.hasLast, rows.count >= schedule.epochCount || journal?.hasSavedCheckpoint ?? false {
            lines.append("checkpoints/last.safetensors is missing: the state at the end cannot be compared")
        }
        let isTrained = kept.states.contains { $0.round >= schedule.roundsPerEpoch * schedule.epochCount }
        if isTrained, rows.count < schedule.epochCount {
            lines.append("metrics.jsonl has \(rows.count) of \(schedule.epochCount) rows")
        }
        return lines
    }

    /// What is wrong with the run's files, one line each.
    var problems: [String] {
        var lines = kept.problems
        guard let journal else { return lines }
        if journal.isEmpty {
            lines.append("journal has no record that can be read: it is damaged, or not the journal of a run")
        }
        let conflicts = journal.conflictingSteps.sorted()
        if let first = conflicts.first {
            lines.append(
                "the journal has two different gradients for each of \(conflicts.count) steps that were done again, the "
                    + "first of them step \(first + 1)")
        }
        return lines
    }
}
