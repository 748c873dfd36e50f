/// The metrics of a training's epochs, for the closing lines of a report.
package struct TrainingHistory: Sendable, Equatable {
    package struct Epoch: Sendable, Equatable {
        package var loss: Double
        package var accuracy: Double
        /// Nil where nothing was held out.
        package var validationLoss: Double?
        package var validationAccuracy: Double?

        package init(loss: Double, accuracy: Double, validationLoss: Double?, validationAccuracy: Double?) {
            self.loss = loss
            self.accuracy = accuracy
            self.validationLoss = validationLoss
            self.validationAccuracy = validationAccuracy
        }
    }

    /// A value and the epoch, from 1, that had it first.
    package struct Best: Sendable, Equatable {
        package var epoch: Int
        package var value: Double
    }

    /// From epoch 1 on.
    package var epochs: [Epoch]

    package init(epochs: [Epoch]) {
        self.epochs = epochs
    }

    /// Whether any epoch was validated.
    package var hasValidation: Bool {
        epochs.contains { $0.validationLoss != nil || $0.validationAccuracy != nil }
    }

    /// The highest validation accuracy; nil where none is a number.
    package var highestValidationAccuracy: Best? { best(\.validationAccuracy, isBetter: >) }

    /// The lowest validation loss; nil where none is a number.
    package var lowestValidationLoss: Best? { best(\.validationLoss, isBetter: <) }

    private func best(_ value: (Epoch) -> Double?, isBetter: (Double, Double) -> Bool) -> Best? {
        var best: Best?
        for (index, epoch) in epochs.enumerated() {
            guard let found = value(epoch), found.isFinite else { continue }
            if let best, !isBetter(found, best.value) { continue }
            best = Best(epoch: index + 1, value: found)
        }
        return best
    }

    /// The best epochs and the last one; each line ends with a line feed.
    package var text: String {
        guard let last = epochs.last else { return "no epoch was finished\n" }
        var lines: [String] = []
        if hasValidation {
            lines.append(line("highest validation accuracy", highestValidationAccuracy))
            lines.append(line("lowest validation loss", lowestValidationLoss))
        }
        let values = [
            ("validation accuracy", last.validationAccuracy), ("validation loss", last.validationLoss),
            ("training accuracy", last.accuracy), ("training loss", last.loss),
        ]
        let words = values.compactMap { name, value in value.map { "\(name) \(Self.figure($0))" } }
        lines.append("last epoch: \(words.joined(separator: ", "))")
        return lines.map { $0 + "\n" }.joined()
    }

    private func line(_ name: String, _ best: Best?) -> String {
        guard let best else { return "\(name): none of \(epochs.count) epoch\(epochs.count == 1 ? "" : "s") has one" }
        return "\(name): \(Self.figure(best.value)) at epoch \(best.epoch) of \(epochs.count)"
    }

    /// Four decimals.
    static func figure(_ value: Double) -> String {
        value.isFinite ? FixedPoint.text(value, digits: 4) : "not a number"
    }
}
