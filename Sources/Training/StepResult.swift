public import Checkpoints

/// What a finished step brought.
public struct StepResult: Sendable, Equatable {
    /// The training step; nil when only an epoch's pending validation was run.
    public var summary: StepSummary?
    /// The epoch that ended with this step.
    public var epoch: EpochResult?
}

/// The running figures of an epoch after a training step.
public struct StepSummary: Sendable, Equatable {
    /// From 0.
    public var epoch: Int
    /// From 0, within the epoch.
    public var step: Int
    /// Samples in this step's batch.
    public var sampleCount: Int
    public var epochLossSum: Double
    public var epochCorrectCount: Int
    public var epochSampleCount: Int
    /// CRC-32C of the summed gradient, for the journal; 0 unless the trainer was told to take it.
    public var gradientChecksum: UInt32
}

/// An epoch's row, and whether its weights are the best so far.
public struct EpochResult: Sendable, Equatable {
    public var row: EpochRow
    public var isBest: Bool
}
