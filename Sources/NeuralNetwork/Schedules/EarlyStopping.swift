public import Core

/// When training ends before its last epoch.
///
/// ```swift
/// let earlyStopping = EarlyStopping(monitor: .validationAccuracy, patience: 3)
/// ```
public struct EarlyStopping: SettingsGroup {
    /// The value that has to improve.
    ///
    /// ```swift
    /// let monitors = EarlyStopping.Monitor.allCases
    /// ```
    public enum Monitor: String, Sendable, Equatable, CaseIterable {
        case validationLoss = "val_loss"
        case validationAccuracy = "val_accuracy"
    }

    public var monitor: Monitor
    /// Epochs in a row without an improvement before training ends.
    public var patience: Int
    /// An improvement is larger than this.
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

    package init() { self.init(patience: 1) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("monitor", &monitor, .choice, "What has to improve.")
        try visitor.visit(
            "patience", &patience, .epochCount, .required,
            "The epochs in a row without an improvement before training ends.")
        try visitor.visit(
            "minimum_change", &minimumChange, .atLeast(0),
            "An improvement on the last improved value is larger than this, in the monitored value's own unit.")
        try visitor.visit(
            "restore_best_weights", &restoresBestWeights, .truth,
            "Whether the result is the best epoch's weights instead of the last's.")
    }
}
