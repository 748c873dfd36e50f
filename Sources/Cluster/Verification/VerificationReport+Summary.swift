extension VerificationReport {
    /// What was compared, and what of the replay could not be, in one line.
    package var summary: String {
        let others = uncompared.isEmpty ? "" : "; not compared: " + uncompared.joined(separator: ", ")
        return compared.joined(separator: ", ") + others
    }

    private var comparedSteps: Int { epochs.reduce(0) { $0 + $1.comparedSteps } }
    private var comparedRows: Int { epochs.count { $0.row != .missing } }

    private var compared: [String] {
        var parts: [String] = []
        if comparedSteps > 0 { parts.append(counted(comparedSteps, "gradient")) }
        if comparedRows > 0 { parts.append("the metrics of " + counted(comparedRows, "epoch")) }
        if !checkpoints.isEmpty { parts.append(counted(checkpoints.count, "checkpoint")) }
        return parts
    }

    private var uncompared: [String] {
        var parts: [String] = []
        let steps = epochs.reduce(0) { $0 + $1.replayedSteps } - comparedSteps
        if steps > 0 { parts.append(counted(steps, "gradient") + " (no digest in the journal)") }
        let rows = epochs.count - comparedRows
        if rows > 0 { parts.append("the metrics of " + counted(rows, "epoch") + " (not finished, or no row)") }
        if checkpoints.isEmpty { parts.append("the state (no checkpoint after a replayed step)") }
        return parts
    }

    private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
