/// The factor on the learning rate over time.
package enum LearningRateSchedule: Sendable, Equatable {
    case constant
    /// factor^⌊epoch / epochCount⌋, epochs from 0.
    case step(epochCount: Int, factor: Float)
    /// factor^epoch, epochs from 0.
    case exponential(factor: Float)
    /// Rises in a straight line over the first epochs, then falls as half a cosine to `finalFactor` at the last step
    /// (Loshchilov & Hutter 2017, equation 5).
    case cosine(warmUpEpochCount: Int, finalFactor: Float)
    /// Multiplied by `factor` whenever the validation loss has not fallen for `patience` epochs.
    case onPlateau(factor: Float, patience: Int, minimumFactor: Float)
}

/// When training ends before its last epoch.
package struct EarlyStopping: Sendable, Equatable {
    package enum Monitor: String, Sendable, Equatable, CaseIterable {
        case validationLoss = "val_loss"
        case validationAccuracy = "val_accuracy"
    }

    package var monitor: Monitor
    /// Epochs without improvement that are borne.
    package var patience: Int
    /// What counts as an improvement: more than this.
    package var minimumChange: Float
    /// Whether the run's result is the best epoch's weights, not the last's.
    package var restoresBestWeights: Bool

    package init(
        monitor: Monitor = .validationLoss, patience: Int, minimumChange: Float = 0, restoresBestWeights: Bool = true
    ) {
        self.monitor = monitor
        self.patience = patience
        self.minimumChange = minimumChange
        self.restoresBestWeights = restoresBestWeights
    }
}
