/// The metrics of a training's epochs, for the closing lines of a report.
public struct TrainingHistory: Sendable, Equatable {
    public struct Epoch: Sendable, Equatable {
        public var loss: Double
        public var accuracy: Double
        /// Nil where nothing was held out.
        public var validationLoss: Double?
        public var validationAccuracy: Double?

        public init(loss: Double, accuracy: Double, validationLoss: Double?, validationAccuracy: Double?) {
            self.loss = loss
            self.accuracy = accuracy
            self.validationLoss = validationLoss
            self.validationAccuracy = validationAccuracy
        }
    }

    /// A value and the epoch, from 1, that had it first.
    public struct Best: Sendable, Equatable {
        public var epoch: Int
        public var value: Double
    }

    /// From epoch 1 on.
    public var epochs: [Epoch]

    public init(epochs: [Epoch]) {
        self.epochs = epochs
    }

    /// Whether any epoch was validated.
    public var hasValidation: Bool {
        epochs.contains { $0.validationLoss != nil || $0.validationAccuracy != nil }
    }

    /// The highest validation accuracy; nil where none is a number.
    public var highestValidationAccuracy: Best? { best(\.validationAccuracy, isBetter: >) }

    /// The lowest validation loss; nil where none is a number.
    public var lowestValidationLoss: Best? { best(\.validationLoss, isBetter: <) }

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
    public var text: String {
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
        guard let best else { return "\(name): none of \(epochs.count) epochs has one" }
        return "\(name): \(Self.figure(best.value)) at epoch \(best.epoch) of \(epochs.count)"
    }

    /// Four decimals.
    static func figure(_ value: Double) -> String {
        value.isFinite ? FixedPoint.text(value, digits: 4) : "not a number"
    }
}
