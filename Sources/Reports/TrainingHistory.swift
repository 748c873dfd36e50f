/// The metrics of a training's epochs, for the closing lines of a report.
public struct TrainingHistory: Sendable, Equatable {
    public struct Epoch: Sendable, Equatable {
        public var loss: Double
        public var accuracy: Double
        public var validationLoss: Double
        public var validationAccuracy: Double

        public init(loss: Double, accuracy: Double, validationLoss: Double, validationAccuracy: Double) {
            self.loss = loss
            self.accuracy = accuracy
            self.validationLoss = validationLoss
            self.validationAccuracy = validationAccuracy
        }
    }

    /// From epoch 1 on.
    public var epochs: [Epoch]

    public init(epochs: [Epoch]) {
        self.epochs = epochs
    }

    /// The epoch, from 1, with the highest validation accuracy; the first of several, nil where none is a number.
    public var bestEpoch: Int? {
        var best: Int?
        for (index, epoch) in epochs.enumerated() where epoch.validationAccuracy.isFinite {
            if let known = best, epochs[known - 1].validationAccuracy >= epoch.validationAccuracy { continue }
            best = index + 1
        }
        return best
    }

    /// Two lines: the best epoch and the last one; each ends with a line feed.
    public var text: String {
        guard let last = epochs.last else { return "no epoch was finished\n" }
        var lines: [String] = []
        if let bestEpoch {
            let accuracy = FixedPoint.text(epochs[bestEpoch - 1].validationAccuracy, digits: 4)
            lines.append("best validation accuracy: \(accuracy) at epoch \(bestEpoch) of \(epochs.count)")
        } else {
            lines.append("best validation accuracy: none of \(epochs.count) epochs has one")
        }
        let values = [last.validationAccuracy, last.validationLoss, last.accuracy, last.loss]
            .map { $0.isFinite ? FixedPoint.text($0, digits: 4) : "not a number" }
        lines.append(
            "last epoch: validation accuracy \(values[0]), validation loss \(values[1]), "
                + "training accuracy \(values[2]), training loss \(values[3])")
        return lines.map { $0 + "\n" }.joined()
    }
}
