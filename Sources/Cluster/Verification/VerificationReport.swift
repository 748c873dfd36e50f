/// What a replay found: every part of it is deterministic.
package struct VerificationReport: Sendable, Equatable, Codable {
    /// `checkpoints/…`, or nil for the weights that the experiment's seed gives.
    package var start: String?
    /// Steps that were complete at the start.
    package var startStep: Int
    package var epochs: [EpochVerification] = []
    package var checkpoints: [CheckpointVerification] = []
    /// What is wrong with the run's files, one line each.
    package var problems: [String] = []
    /// What the run must have had and has no more, one line each.
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

/// A step whose gradient is not the one that the run had.
package struct StepDifference: Sendable, Equatable, Codable {
    /// From 1, within its epoch.
    package var step: Int
    /// From 1, in the whole training.
    package var trainingStep: Int
    /// CRC-32C of the summed gradient, here and in the journal.
    package var replayed: UInt64
    package var journalled: UInt64
}

/// A checkpoint of the run against the replay's state after as many rounds.
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
