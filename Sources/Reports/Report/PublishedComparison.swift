import Experiments
import Runs
import Training

/// The figures that a write-up gives, each beside ours where it has a counterpart.
package struct PublishedComparison: Sendable {
    package struct Row: Sendable, Equatable {
        /// As the experiment's file names it, with spaces.
        package var name: String
        package var published: String
        /// Nil for what this run does not measure, such as the time on another machine.
        package var ours: Double?
        /// Ours less the published figure.
        package var difference: Double?
    }

    package let rows: [Row]
    /// Our epochs and the published ones, where ours are fewer.
    let missingEpochs: (ours: Int, published: Int)?

    /// `publishedEpochs` is how many epochs the published figures are of.
    init(
        _ figures: [PublishedFigure], history: TrainingHistory, evaluation: Evaluation, timing: RunTiming? = nil,
        publishedEpochs: Int? = nil
    ) {
        let count = history.epochs.count
        missingEpochs = publishedEpochs.flatMap { count < $0 ? (count, $0) : nil }
        rows = figures.map { figure in
            let ours = Self.counterpart(of: figure.name, history, evaluation, timing)
            return Row(
                name: figure.name.replacing("_", with: " "), published: figure.value.description, ours: ours,
                difference: figure.name == "time" ? nil : ours.flatMap { ours in figure.number.map { ours - $0 } })
        }
    }

    private static func counterpart(
        of name: String, _ history: TrainingHistory, _ evaluation: Evaluation, _ timing: RunTiming?
    ) -> Double? {
        switch name {
        case "test_accuracy": evaluation.accuracy
        case "test_loss": evaluation.loss
        case "time": timing.flatMap { $0.epochCount > 0 ? $0.seconds / Double($0.epochCount) : nil }
        default: history.value(ofFigure: name)
        }
    }

    /// A table, each line ended by a line feed.
    var text: String {
        let cells = [["", "published", "ours", "difference"]] + rows.map(\.cells)
        return TextTable.text(cells, leadingColumns: 1) + "\n" + (note.map { $0 + "\n" } ?? "")
    }

    /// Why the figures cannot be compared yet; nil when they can.
    var note: String? {
        missingEpochs.map { "unfinished: \($0.ours) of the \($0.published) published epochs" }
    }
}

extension PublishedComparison.Row {
    /// Name, published, ours and difference as text.
    var cells: [String] {
        // Epochs are whole numbers.
        if name.hasPrefix("epoch "), let ours, let difference {
            let sign = difference < 0 ? "−" : difference > 0 ? "+" : ""
            return [name, FixedPoint.text(ours - difference, digits: 0), FixedPoint.text(ours, digits: 0)]
                + [sign + FixedPoint.text(abs(difference), digits: 0)]
        }
        // Times of other machines: the difference would mean nothing.
        if name == "time" {
            return [name, published, ours.map { FixedPoint.text($0, digits: 2) + " s/epoch" } ?? "–", "–"]
        }
        return [name, published, ours.map(TrainingHistory.figure) ?? "–", difference.map(FixedPoint.signed) ?? "–"]
    }
}

extension TrainingHistory {
    /// Our value of a figure that an experiment's file names: `best_`, `last_` or nothing before `validation_accuracy`,
    /// `validation_loss`, `training_accuracy` or `training_loss`, or `_epoch_N` behind it. Nil for any other name, and
    /// where the epoch has no such value.
    func value(ofFigure name: String) -> Double? {
        switch name {
        case "best_validation_accuracy": return highestValidationAccuracy?.value
        case "best_validation_loss": return lowestValidationLoss?.value
        case "epoch_of_best_validation_accuracy": return highestValidationAccuracy.map { Double($0.epoch) }
        case "epoch_of_lowest_validation_loss": return lowestValidationLoss.map { Double($0.epoch) }
        default: break
        }
        let series: [(name: String, value: (Epoch) -> Double?)] = [
            ("validation_accuracy", \.validationAccuracy), ("validation_loss", \.validationLoss),
            ("training_accuracy", \.accuracy), ("training_loss", \.loss),
        ]
        for (known, value) in series {
            if name == known || name == "last_\(known)" { return epochs.last.flatMap(value) }
            let prefix = "\(known)_epoch_"
            guard name.hasPrefix(prefix), let epoch = Int(name.dropFirst(prefix.count)) else { continue }
            return epochs.indices.contains(epoch - 1) ? value(epochs[epoch - 1]) : nil
        }
        return nil
    }
}

extension PublishedFigure {
    /// The figure as a number: itself, or the last number among its words, as in "about .88".
    var number: Double? {
        switch value {
        case .number(let number): number
        case .text(let text):
            text.split(separator: " ").last { Double($0) != nil }.flatMap { Double($0) }.flatMap {
                $0.isFinite ? $0 : nil
            }
        }
    }
}
