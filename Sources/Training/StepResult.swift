package import Runs

/// The result of a finished step.
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
    /// CRC-32C of the summed gradient, for the journal; 0 unless the trainer is configured to compute it.
    package var gradientChecksum: UInt32
}

/// An epoch's row, and whether its weights are the best so far.
package struct EpochResult: Sendable, Equatable {
    package var row: EpochRow
    package var isBest: Bool
}

/// Why training cannot continue.
package enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A micro-batch's loss is NaN or infinite. `step` counts from 1, `microBatch` from 0.
    case nonFiniteLoss(step: Int, microBatch: Int)
    /// A loss of the validation that ends an epoch is NaN or infinite. `epoch` counts from 1, `step` is the last complete one.
    case nonFiniteValidationLoss(epoch: Int, step: Int, microBatch: Int)
    /// The losses are finite but the summed gradient is not. `step` counts from 1.
    case nonFiniteGradient(step: Int)

    package var description: String {
        switch self {
        case .nonFiniteLoss(let step, let microBatch):
            "the loss of micro-batch \(microBatch) in step \(step) is not a finite number; "
                + "try a smaller learning rate, or check the input"
        case .nonFiniteValidationLoss(let epoch, let step, let microBatch):
            "the loss of piece \(microBatch) of epoch \(epoch)'s validation, after step \(step), is not a finite number; "
                + "try a smaller learning rate, or check the input"
        case .nonFiniteGradient(let step):
            "the gradient of step \(step) is not finite; try a smaller learning rate, or check the input"
        }
    }
}
