public import Checkpoints

/// What a finished round brought.
public enum RoundResult: Sendable {
    case trained(StepSummary)
    case epochEnded(EpochResult)
}

/// The running figures of an epoch after a training step.
public struct StepSummary: Sendable, Equatable {
    /// From 0.
    public var epoch: Int
    /// From 0, within the epoch.
    public var step: Int
    public var stepsPerEpoch: Int
    /// Samples in this step's batch.
    public var sampleCount: Int
    public var epochLossSum: Double
    public var epochCorrectCount: Int
    public var epochSampleCount: Int
}

/// An epoch's row, and whether its weights are the best so far.
public struct EpochResult: Sendable, Equatable {
    public var row: EpochRow
    public var isBest: Bool
}
