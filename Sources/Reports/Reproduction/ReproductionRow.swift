package import Experiments

/// One published experiment: its figures, and what its trainings came to.
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

    /// What stands before the first "-", such as "A".
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
