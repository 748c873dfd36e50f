package import Core

/// Multiplies the learning rate by a factor after each epoch.
package struct ExponentialSchedule: LearningRateSchedule {
    package static let key = "exponential"
    package static let documentation = """
        The learning rate is multiplied by factor^epoch, with epochs counted from 0, as `ExponentialLR` of PyTorch does. \
        The rate changes between epochs only.
        """

    package var factor: Float

    package init(factor: Float) {
        self.factor = factor
    }

    package init() { self.init(factor: 1) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("factor", &factor, .decayFactor, .required, "The factor after each epoch.")
    }

    package func factor(at time: ScheduleTime) -> Double { ElementaryFunctions.power(Double(factor), time.epoch) }
}

extension ScheduleConfiguration {
    /// Times `factor` after each epoch.
    public static func exponential(factor: Float) -> Self { Self(ExponentialSchedule(factor: factor)) }
}
