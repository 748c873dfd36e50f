package import Core

/// Multiplies the learning rate by a factor when the validation loss stops falling.
package struct PlateauSchedule: LearningRateSchedule {
    package static let key = "on_plateau"
    package static let documentation = """
        The learning rate is multiplied by `factor` each time the validation loss has not fallen for `patience` epochs, as \
        `ReduceLROnPlateau` of Keras does. The count starts again after each reduction. The rate changes between epochs only. \
        Without validation the training loss of the epoch counts.
        """

    package var factor: Float
    /// Epochs without a lower loss before a reduction.
    package var patience: Int
    /// The lowest product of all reductions.
    package var minimumFactor: Float

    package init(factor: Float, patience: Int, minimumFactor: Float = 0) {
        self.factor = factor
        self.patience = patience
        self.minimumFactor = minimumFactor
    }

    package init() { self.init(factor: 1, patience: 1) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("factor", &factor, .decayFactor, .required, "The factor of each reduction.")
        try visitor.visit(
            "patience", &patience, .epochCount, .required, "The epochs without a lower loss before a reduction.")
        try visitor.visit("minimum_factor", &minimumFactor, .within(0...1), "The lowest factor.")
    }

    package func factor(at time: ScheduleTime) -> Double {
        max(ElementaryFunctions.power(Double(factor), reductionCount(time.validationLosses)), Double(minimumFactor))
    }

    private func reductionCount(_ losses: [Double]) -> Int {
        var (best, waited, count) = (Double.infinity, 0, 0)
        for loss in losses {
            if loss < best {
                best = loss
                waited = 0
            } else {
                waited += 1
                if waited >= patience {
                    count += 1
                    waited = 0
                }
            }
        }
        return count
    }
}

extension ScheduleConfiguration {
    /// Times `factor` each time the validation loss has not fallen for `patience` epochs.
    public static func onPlateau(factor: Float, patience: Int, minimumFactor: Float = 0) -> Self {
        Self(PlateauSchedule(factor: factor, patience: patience, minimumFactor: minimumFactor))
    }
}
