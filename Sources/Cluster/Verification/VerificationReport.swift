/// What a replay found: every part of it is deterministic.
public struct VerificationReport: Sendable, Equatable, Codable {
    /// `checkpoints/…`, or nil for the weights that the experiment's seed gives.
    public var start: String?
    /// Steps that were complete at the start.
    public var startStep: Int
    public var epochs: [EpochVerification] = []
    public var checkpoints: [CheckpointVerification] = []
    /// What is wrong with the run's files, one line each.
    public var problems: [String] = []
    /// What the run must have had and has no more, one line each.
    public var missing: [String] = []

    /// Whether nothing differs and no file is damaged.
    public var isEqual: Bool {
        problems.isEmpty && epochs.allSatisfy(\.isEqual) && checkpoints.allSatisfy(\.isEqual)
    }

    /// Whether anything of the run could be compared.
    public var hasCompared: Bool {
        !checkpoints.isEmpty || epochs.contains { $0.comparedSteps > 0 || $0.row != .missing }
    }
}

/// An epoch of the replay against journal and metrics.
public struct EpochVerification: Sendable, Equatable, Codable {
    public enum Row: String, Sendable, Codable {
        case equal, different
        /// The epoch has no row in metrics.jsonl, or was not replayed to its end.
        case missing
    }

    /// From 1.
    public var epoch: Int
    public var replayedSteps = 0
    /// Steps whose digest is in the journal.
    public var comparedSteps = 0
    public var equalSteps = 0
    public var firstDifference: StepDifference?
    public var row = Row.missing

    public var isEqual: Bool { firstDifference == nil && row != .different }

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
public struct StepDifference: Sendable, Equatable, Codable {
    /// From 1, within its epoch.
    public var step: Int
    /// From 1, in the whole training.
    public var trainingStep: Int
    /// CRC-32C of the summed gradient, here and in the journal.
    public var replayed: UInt64
    public var journalled: UInt64
}

/// A checkpoint of the run against the replay's state after as many rounds.
public struct CheckpointVerification: Sendable, Equatable, Codable {
    /// As `checkpoints/last.safetensors`.
    public var name: String
    public var completedSteps: Int
    public var tensorCount: Int
    /// Tensors that differ, in the file's order.
    public var differentTensors: [TensorDifference]
    /// Whether the sums and rows in the metadata are equal.
    public var hasEqualProgress: Bool

    public var isEqual: Bool { differentTensors.isEmpty && hasEqualProgress }
}

/// A tensor that differs, and the first of its elements that does.
public struct TensorDifference: Sendable, Equatable, Codable {
    public var name: String
    /// From 0, row-major.
    public var firstElement: Int
    public var elementCount: Int
    /// How many elements differ.
    public var differentCount: Int
}
