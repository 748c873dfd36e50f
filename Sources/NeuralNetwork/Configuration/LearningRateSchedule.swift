/// The factor on the learning rate over time.
public enum LearningRateSchedule: Sendable, Equatable {
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
public struct EarlyStopping: Sendable, Equatable {
    public enum Monitor: String, Sendable, Equatable, CaseIterable {
        case validationLoss = "val_loss"
        case validationAccuracy = "val_accuracy"
    }

    public var monitor: Monitor
    /// Epochs without improvement that are borne.
    public var patience: Int
    /// What counts as an improvement: more than this.
    public var minimumChange: Float
    /// Whether the run's result is the best epoch's weights, not the last's.
    public var restoresBestWeights: Bool

    public init(
        monitor: Monitor = .validationLoss, patience: Int, minimumChange: Float = 0, restoresBestWeights: Bool = true
    ) {
        self.monitor = monitor
        self.patience = patience
        self.minimumChange = minimumChange
        self.restoresBestWeights = restoresBestWeights
    }
}
