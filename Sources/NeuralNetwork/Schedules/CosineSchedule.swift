package import Core

/// Rises in a straight line, then falls as half a cosine.
package struct CosineSchedule: LearningRateSchedule {
    package static let key = "cosine"
    package static let documentation = """
        The learning rate rises in a straight line over the first epochs, then falls as half a cosine to `final_factor` at \
        the last step (Loshchilov & Hutter 2017, equation 5, without restarts). With w steps of warm-up, step s from 0 has \
        the factor (s + 1) / w before w, and final + (1 − final)·(1 + cos πt)/2 after it, where t goes from 0 to 1. The rate \
        changes with each step. The cosine spans all steps of all `epochs` behind the warm-up, so a run cannot be continued \
        to more epochs with the same rates.
        """

    /// Epochs of rising rate.
    package var warmUpEpochCount: Int
    /// The factor at the last step.
    package var finalFactor: Float

    package init(warmUpEpochCount: Int = 0, finalFactor: Float = 0) {
        self.warmUpEpochCount = warmUpEpochCount
        self.finalFactor = finalFactor
    }

    package init() { self.init(warmUpEpochCount: 0) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(
            "warm_up_epochs", &warmUpEpochCount, .within(0...100_000), "The epochs in which the rate rises.")
        try visitor.visit("final_factor", &finalFactor, .within(0...1), "The factor at the last step.")
    }

    package func factor(at time: ScheduleTime) -> Double {
        let warmUpStepCount = warmUpEpochCount * time.stepsPerEpoch
        if time.step < warmUpStepCount { return Double(time.step + 1) / Double(warmUpStepCount) }
        let span = time.stepsPerEpoch * time.epochCount - 1 - warmUpStepCount
        let share = span > 0 ? min(Double(time.step - warmUpStepCount) / Double(span), 1) : 1
        let final = Double(finalFactor)
        return final + (1 - final) * (1 + ElementaryFunctions.cosineOfHalfTurns(share)) / 2
    }
}

extension ScheduleConfiguration {
    /// A straight rise over the first epochs, then half a cosine down to `finalFactor` at the last step.
    public static func cosine(warmUpEpochCount: Int = 0, finalFactor: Float = 0) -> Self {
        Self(CosineSchedule(warmUpEpochCount: warmUpEpochCount, finalFactor: finalFactor))
    }
}
