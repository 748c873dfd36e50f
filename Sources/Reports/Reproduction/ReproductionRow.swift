package import Experiments

/// One published experiment: its figures, and the results of its trainings.
package struct ReproductionRow: Sendable, Equatable {
    /// One finished training.
    package struct Trial: Sendable, Equatable {
        package var seed: UInt64
        package var testAccuracy: Double
        /// Nil where it is not a number.
        package var testLoss: Double?
        package var history: TrainingHistory

        package init(seed: UInt64, testAccuracy: Double, testLoss: Double?, history: TrainingHistory) {
            self.seed = seed
            self.testAccuracy = testAccuracy
            self.testLoss = testLoss
            self.history = history
        }
    }

    package let name: String
    package let isSynthetic: Bool
    package var trials: [Trial]
    /// Why trials are missing, where there is a reason.
    package var note: String?
    private let published: [PublishedFigure]

    package init(_ experiment: Experiment, trials: [Trial], note: String?) {
        name = experiment.name
        isSynthetic = experiment.dataset.name == DatasetConfiguration.syntheticName
        published = experiment.published
        self.trials = trials
        self.note = note
    }

    /// The part of a name before the first "-", such as "A".
    package static func group(of name: String) -> String { String(name.prefix { $0 != "-" }) }

    private func publishedNumber(_ name: String) -> Double? {
        published.first { $0.name == name }?.number
    }

    var publishedTestAccuracy: Double? { publishedNumber("test_accuracy") }
    var publishedTestLoss: Double? { publishedNumber("test_loss") }

    /// The figure for validation accuracy that is nearest to the training's end.
    private var validationFigure: PublishedFigure? {
        let stem = "validation_accuracy"
        let atEpochs = published.compactMap { figure in
            figure.name.hasPrefix("\(stem)_epoch_")
                ? Int(figure.name.dropFirst(stem.count + 7)).map { (epoch: $0, figure: figure) } : nil
        }
        return published.first { $0.name == stem || $0.name == "last_\(stem)" }
            ?? atEpochs.max { $0.epoch < $1.epoch }?.figure ?? published.first { $0.name == "best_\(stem)" }
    }

    var publishedValidationAccuracy: Double? { validationFigure?.number }

    var testAccuracy: Sample { Sample(values: trials.map(\.testAccuracy)) }
    var testLoss: Sample { Sample(values: trials.compactMap(\.testLoss)) }

    /// Ours at the epoch of the published figure; the last epoch's where none is published.
    var validationAccuracy: Sample {
        let name = validationFigure?.name ?? "last_validation_accuracy"
        return Sample(values: trials.compactMap { $0.history.value(ofFigure: name) }.filter(\.isFinite))
    }

    /// Our mean test accuracy less the published one.
    var difference: Double? {
        guard let ours = testAccuracy.mean, let publishedTestAccuracy else { return nil }
        return ours - publishedTestAccuracy
    }
}

extension ReproductionRow {
    /// How far below the published figure our mean may be: .005, or .01 for group D, whose test set is 2,000 images.
    var tolerance: Double { Self.group(of: name) == "D" ? 0.01 : 0.005 }

    /// The published figure of this experiment is poor: it is met from either side within .05.
    private var isMetFromEitherSide: Bool { name == "D-9" }

    /// Whether the published figure is met, and by which rule, or how much is missing; then why trials are missing.
    var verdict: String {
        let reason = note.map { trials.isEmpty ? $0 : "; \($0)" } ?? ""
        guard let difference else { return trials.isEmpty ? (note ?? "not trained yet") : "nothing published" + reason }
        return verdict(of: difference) + reason
    }

    private func verdict(of difference: Double) -> String {
        // Figures have four digits: rounding errors of a difference must not decide.
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

/// What Keras reaches today on the same files: Keras 3.15 on TensorFlow 2.21, its defaults, and for the experiments A
/// and B the loss of Keras 2 written out. The published figures are single runs of older versions.
struct KerasFigures: Equatable {
    var testAccuracy: Double
    /// Over seeds; nil for one.
    var deviation: Double?
    var seedCount: Int

    private init(_ testAccuracy: Double, _ deviation: Double?, _ seedCount: Int) {
        self.testAccuracy = testAccuracy
        self.deviation = deviation
        self.seedCount = seedCount
    }

    static let measured: [String: KerasFigures] = [
        "A-1": KerasFigures(0.9044, 0.0013, 2), "B-1": KerasFigures(0.9044, 0.0013, 2),
        "A-2": KerasFigures(0.9089, nil, 1), "A-3": KerasFigures(0.9119, nil, 1),
        "B-2": KerasFigures(0.9090, nil, 1), "B-3": KerasFigures(0.9168, nil, 1),
        "C-1": KerasFigures(0.8831, nil, 1), "C-2": KerasFigures(0.8809, nil, 1), "C-3": KerasFigures(0.8745, nil, 1),
        "C-4": KerasFigures(0.8748, nil, 1), "C-5": KerasFigures(0.8815, nil, 1),
        "D-1": KerasFigures(0.8570, 0.0130, 3), "D-2": KerasFigures(0.8583, 0.0045, 3),
        "D-3": KerasFigures(0.8453, 0.0086, 3), "D-4": KerasFigures(0.8473, 0.0060, 3),
        "D-5": KerasFigures(0.8567, 0.0185, 3), "D-6": KerasFigures(0.8298, 0.0340, 3),
        "D-7": KerasFigures(0.8700, 0.0085, 3), "D-8": KerasFigures(0.8832, 0.0095, 3),
        "D-baseline": KerasFigures(0.8300, 0.0098, 3), "D-low": KerasFigures(0.8163, 0.0295, 3),
        "E-1": KerasFigures(0.8682, 0.0049, 3), "E-2": KerasFigures(0.8677, 0.0014, 2),
        "E-3": KerasFigures(0.8721, 0.0009, 2),
    ]

    /// Such as "0.9044 ± 0.0013 (2)".
    var text: String {
        let spread = deviation.map { " ± \(FixedPoint.text($0, digits: 4))" } ?? ""
        return "\(FixedPoint.text(testAccuracy, digits: 4))\(spread) (\(seedCount))"
    }

    /// The lowest mean that is not below Keras's by more than two standard errors of the difference of the means. A
    /// deviation that one side cannot have, with one seed, is taken from the other; nil where neither has one.
    func lowestLevelMean(against ours: Sample) -> Double? {
        guard let ourDeviation = ours.deviation ?? deviation, let theirDeviation = deviation ?? ours.deviation,
            !ours.values.isEmpty
        else { return nil }
        let variance =
            ourDeviation * ourDeviation / Double(ours.values.count)
            + theirDeviation * theirDeviation / Double(seedCount)
        return testAccuracy - 2 * variance.squareRoot()
    }
}

/// Repeated measurements of one figure.
struct Sample: Equatable {
    let values: [Double]

    /// Nil without values.
    var mean: Double? { values.isEmpty ? nil : values.reduce(0, +) / Double(values.count) }

    /// The standard deviation with n − 1 below the sum of squares; nil for fewer than two values.
    var deviation: Double? {
        guard values.count > 1, let mean else { return nil }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(values.count - 1)).squareRoot()
    }

    /// Such as "0.9044 ± 0.0013 (3)"; one value has no deviation.
    var text: String {
        guard let mean else { return "–" }
        let spread = deviation.map { " ± \(FixedPoint.text($0, digits: 4))" } ?? ""
        return "\(TrainingHistory.figure(mean))\(spread) (\(values.count))"
    }
}
