package import Runs

/// What a finished step brought.
package struct StepResult: Sendable, Equatable {
    /// The training step; nil when only an epoch's pending validation was run.
    package var summary: StepSummary?
    /// The epoch that ended with this step.
    package var epoch: EpochResult?
}

/// The running figures of an epoch after a training step.
package struct StepSummary: Sendable, Equatable {
    /// From 0.
    package var epoch: Int
    /// From 0, within the epoch.
    package var step: Int
    /// Samples in this step's batch.
    package var sampleCount: Int
    package var epochLossSum: Double
    package var epochCorrectCount: Int
    package var epochSampleCount: Int
    /// CRC-32C of the summed gradient, for the journal; 0 unless the trainer was told to take it.
    package var gradientChecksum: UInt32
}

/// An epoch's row, and whether its weights are the best so far.
package struct EpochResult: Sendable, Equatable {
    package var row: EpochRow
    package var isBest: Bool
}
