package import Core

/// Multiplies the learning rate by a factor every few epochs.
package struct StepSchedule: LearningRateSchedule {
    package static let key = "step"
    package static let documentation = """
        The learning rate is multiplied by factor^⌊epoch / epochs⌋, with epochs counted from 0, as `StepLR` of PyTorch does. \
        The rate changes between epochs only.
        """

    /// Epochs between two reductions.
    package var epochCount: Int
    package var factor: Float

    package init(epochCount: Int, factor: Float) {
        self.epochCount = epochCount
        self.factor = factor
    }

    package init() { self.init(epochCount: 1, factor: 1) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("epochs", &epochCount, .epochCount, .required, "The epochs between two reductions.")
        try visitor.visit("factor", &factor, .decayFactor, .required, "The factor of each reduction.")
    }

    package func factor(at time: ScheduleTime) -> Double {
        ElementaryFunctions.power(Double(factor), time.epoch / epochCount)
    }
}

extension ScheduleConfiguration {
    /// Times `factor` after every `epochCount` epochs.
    public static func step(epochCount: Int, factor: Float) -> Self {
        Self(StepSchedule(epochCount: epochCount, factor: factor))
    }
}
