extension ReproductionRow {
    /// How far below the published figure our mean may be: .005, or .01 for group D, whose test set is 2,000 images.
    var tolerance: Double { Self.group(of: name) == "D" ? 0.01 : 0.005 }

    /// The published figure of this experiment is poor: it is met from either side within .05.
    private var isMetFromEitherSide: Bool { name == "D-9" }

    /// Whether the published figure is met, and by which rule, or how much is missing; then why trials are missing.
    var verdict: String {
        let reason = note.map { trials.isEmpty ? $0 : "; \($0)" } ?? ""
        guard let difference else { return trials.isEmpty ? (note ?? "not trained yet") : "nothing published" + reason }
        return judge(difference) + reason
    }

    private func judge(_ difference: Double) -> String {
        // Figures have four digits: what is lost in the last bits of a difference must not decide.
        let rounding = 1e-9
        if isMetFromEitherSide {
            let gap = abs(difference)
            return gap <= 0.05 + rounding
                ? "met (within 0.05)" : "not met: \(FixedPoint.text(gap, digits: 4)) apart, 0.05 are allowed"
        }
        if difference >= -tolerance - rounding { return "met" }
        let gap = "\(FixedPoint.text(-difference, digits: 4)) below the published figure"
        guard let keras = KerasFigures.measured[name], let ours = testAccuracy.mean else {
            return "not met: \(gap), \(tolerance) are allowed"
        }
        let lowest = keras.lowestLevelMean(against: testAccuracy) ?? keras.testAccuracy
        return ours >= lowest - rounding
            ? "level with Keras today (\(keras.text)); \(gap)"
            : "not met: \(gap) and \(FixedPoint.text(keras.testAccuracy - ours, digits: 4)) below Keras today "
                + "(\(keras.text))"
    }

    /// Whether the verdict is one of success.
    package var isMet: Bool { verdict.hasPrefix("met") || verdict.hasPrefix("level") }
}
