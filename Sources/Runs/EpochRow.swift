/// The metrics of one finished epoch, as they stand in metrics.jsonl, history.csv and every checkpoint.
package struct EpochRow: Sendable, Equatable {
    /// From 1.
    package var epoch: Int
    /// Optimizer steps made since the start of training.
    package var step: Int
    package var loss: Double
    package var accuracy: Double
    /// Nil, as the accuracy, where nothing is held out for validation.
    package var validationLoss: Double?
    package var validationAccuracy: Double?
    /// Of the epoch's last step.
    package var learningRate: Float

    package init(
        epoch: Int, step: Int, loss: Double, accuracy: Double, validationLoss: Double?, validationAccuracy: Double?,
        learningRate: Float
    ) {
        self.epoch = epoch
        self.step = step
        self.loss = loss
        self.accuracy = accuracy
        self.validationLoss = validationLoss
        self.validationAccuracy = validationAccuracy
        self.learningRate = learningRate
    }

    /// Whether a value is not finite: the run has diverged.
    package var hasDiverged: Bool {
        ![loss, accuracy, validationLoss ?? 0, validationAccuracy ?? 0, Double(learningRate)].allSatisfy(\.isFinite)
    }
}

extension EpochRow {
    /// One JSON object without a line end. Numbers are the shortest text that reads back to the same bits; what is not
    /// finite is `null`, and `"diverged":true` follows.
    package var jsonLine: String {
        var fields = [
            ("epoch", String(epoch)), ("step", String(step)), ("loss", Self.json(loss)),
            ("accuracy", Self.json(accuracy)),
        ]
        if let validationLoss { fields.append(("val_loss", Self.json(validationLoss))) }
        if let validationAccuracy { fields.append(("val_accuracy", Self.json(validationAccuracy))) }
        fields.append(("learning_rate", learningRate.isFinite ? learningRate.description : "null"))
        let text = fields.map { "\"\($0)\":\($1)" }.joined(separator: ",")
        return "{" + text + (hasDiverged ? ",\"diverged\":true}" : "}")
    }

    private static func json(_ value: Double) -> String { value.isFinite ? value.description : "null" }

    /// The first line of history.csv.
    package static let csvHeader = "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate"

    /// One line of history.csv without its end; what is not finite is "nan", what does not exist is empty.
    package var csvLine: String {
        let values = [loss, accuracy, validationLoss, validationAccuracy].map { value in
            value.map { $0.isFinite ? $0.description : "nan" } ?? ""
        }
        let rate = learningRate.isFinite ? learningRate.description : "nan"
        return ([String(epoch)] + values + [rate]).joined(separator: ",")
    }

    /// The whole of metrics.jsonl: each row on a line of its own.
    package static func jsonLines(_ rows: [EpochRow]) -> String {
        rows.map { $0.jsonLine + "\n" }.joined()
    }

    /// The whole of history.csv.
    package static func csv(_ rows: [EpochRow]) -> String {
        ([csvHeader] + rows.map(\.csvLine)).map { $0 + "\n" }.joined()
    }
}
