extension VerificationReport {
    /// One line for the start, each epoch, each checkpoint, each problem and each missing file.
    package var lines: [String] {
        let origin = start ?? "the seed's weights"
        return ["replayed from \(origin) (after step \(startStep))"] + epochs.map(\.line) + checkpoints.map(\.line)
            + problems + missing
    }

    /// What differs first, in a few words; nil when nothing does, though a file may be damaged.
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
    /// So many tensors are named.
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
