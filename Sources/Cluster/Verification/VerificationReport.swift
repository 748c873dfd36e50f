/// The result of a replay. All of it is deterministic.
package struct VerificationReport: Sendable, Equatable, Codable {
    /// `checkpoints/…`, or nil for the weights that the experiment's seed gives.
    package var start: String?
    /// Steps that were complete at the start.
    package var startStep: Int
    package var epochs: [EpochVerification] = []
    package var checkpoints: [CheckpointVerification] = []
    /// Problems of the run's files, one line each.
    package var problems: [String] = []
    /// Files that existed and are missing, one line each.
    package var missing: [String] = []

    /// Whether nothing differs and no file is damaged.
    package var isEqual: Bool {
        problems.isEmpty && epochs.allSatisfy(\.isEqual) && checkpoints.allSatisfy(\.isEqual)
    }

    /// Whether anything of the run could be compared.
    package var hasCompared: Bool {
        !checkpoints.isEmpty || epochs.contains { $0.comparedSteps > 0 || $0.row != .missing }
    }
}

/// An epoch of the replay against journal and metrics.
package struct EpochVerification: Sendable, Equatable, Codable {
    package enum Row: String, Sendable, Codable {
        case equal, different
        /// The epoch has no row in metrics.jsonl, or was not replayed to its end.
        case missing
    }

    /// From 1.
    package var epoch: Int
    package var replayedSteps = 0
    /// Steps whose digest is in the journal.
    package var comparedSteps = 0
    package var equalSteps = 0
    package var firstDifference: StepDifference?
    package var row = Row.missing

    package var isEqual: Bool { firstDifference == nil && row != .different }

    mutating func compare(_ step: StepDifference, isEqual: Bool) {
        comparedSteps += 1
        if isEqual {
            equalSteps += 1
        } else if firstDifference == nil {
            firstDifference = step
        }
    }
}

/// A step whose replayed gradient differs from the run's.
package struct StepDifference: Sendable, Equatable, Codable {
    /// From 1, within its epoch.
    package var step: Int
    /// From 1, in the whole training.
    package var trainingStep: Int
    /// CRC-32C of the summed gradient, here and in the journal.
    package var replayed: UInt64
    package var journalled: UInt64
}

/// A checkpoint of the run against the replay's state of the same round.
package struct CheckpointVerification: Sendable, Equatable, Codable {
    /// As `checkpoints/last.safetensors`.
    package var name: String
    package var completedSteps: Int
    package var tensorCount: Int
    /// Tensors that differ, in the file's order.
    package var differentTensors: [TensorDifference]
    /// Whether the sums and rows in the metadata are equal.
    package var hasEqualProgress: Bool

    package var isEqual: Bool { differentTensors.isEmpty && hasEqualProgress }
}

/// A tensor that differs, and the first of its elements that does.
package struct TensorDifference: Sendable, Equatable, Codable {
    package var name: String
    /// From 0, row-major.
    package var firstElement: Int
    package var elementCount: Int
    /// How many elements differ.
    package var differentCount: Int
}

extension VerificationReport {
    /// One line for the start, each epoch, each checkpoint, each problem and each missing file.
    package var lines: [String] {
        let origin = start ?? "the seed's weights"
        return ["replayed from \(origin) (after step \(startStep))"] + epochs.map(\.line) + checkpoints.map(\.line)
            + problems + missing
    }

    /// The first difference in a few words; nil when nothing differs, though a file may be damaged.
    package var firstDifference: String? {
        if let epoch = epochs.first(where: { !$0.isEqual }) {
            return epoch.firstDifference.map { "at step \($0.step) of epoch \(epoch.epoch)" }
                ?? "in the metrics of epoch \(epoch.epoch)"
        }
        if let checkpoint = checkpoints.first(where: { !$0.isEqual }) {
            let tensor = checkpoint.differentTensors.first.map { "tensor \($0.name)" } ?? "the progress"
            return "in \(tensor) of \(checkpoint.name)"
        }
        return nil
    }
}

extension EpochVerification {
    var line: String {
        var text = "epoch \(epoch): "
        if comparedSteps == 0 {
            text += "\(replayedSteps) steps replayed, of which the journal has no gradient digests"
        } else {
            text += "\(equalSteps) of \(comparedSteps) steps equal"
            if comparedSteps < replayedSteps {
                text += " (the journal has no digest of \(replayedSteps - comparedSteps) others)"
            }
        }
        if let difference = firstDifference {
            text += ", the first that differs is step \(difference.step) (\(difference.trainingStep) of the training): "
            text += "gradient \(hexadecimal(difference.replayed)), journal \(hexadecimal(difference.journalled))"
        }
        switch row {
        case .equal: return text + "; metrics equal"
        case .different: return text + "; metrics DIFFER"
        case .missing: return text
        }
    }

    private func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
    }
}

extension CheckpointVerification {
    /// Most tensors that are named.
    private static let namedTensorLimit = 3

    var line: String {
        let head = "\(name) (after step \(completedSteps)): "
        if isEqual { return head + "\(tensorCount) of \(tensorCount) tensors equal" }
        var differences = differentTensors.prefix(Self.namedTensorLimit).map { tensor in
            "\(tensor.name) (\(tensor.differentCount) of \(tensor.elementCount) elements, first \(tensor.firstElement))"
        }
        let rest = differentTensors.count - differences.count
        if rest > 0 { differences.append("\(rest) more") }
        if !hasEqualProgress { differences.append("the progress in its metadata") }
        return head + "DIFFERS in " + differences.joined(separator: ", ")
    }
}

extension VerificationReport {
    /// What was compared, and which part of the replay could not be, in one line.
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
