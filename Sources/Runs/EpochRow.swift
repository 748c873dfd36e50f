import Core

/// The metrics of one finished epoch: a row of metrics.jsonl, history.csv and every checkpoint.
///
/// ```swift
/// for row in try Run(path: "runs/A-1-1").epochs() {
///     print(row.epoch, row.loss, row.validationAccuracy ?? .nan)
/// }
/// ```
public struct EpochRow: Sendable, Equatable {
    /// From 1.
    public var epoch: Int
    /// Optimizer steps since the start of training.
    public var step: Int
    public var loss: Double
    public var accuracy: Double
    /// Nil without validation data, like the accuracy.
    public var validationLoss: Double?
    public var validationAccuracy: Double?
    /// Of the epoch's last step.
    public var learningRate: Float

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
    /// One JSON object without a line end. Numbers are the shortest text that reads back to the same bits; a value that
    /// is not finite is `null`, and `"diverged":true` is added.
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

    /// One line of history.csv without its end; a value that is not finite is "nan", a missing one is empty.
    package var csvLine: String {
        let values = [loss, accuracy, validationLoss, validationAccuracy].map { value in
            value.map { $0.isFinite ? $0.description : "nan" } ?? ""
        }
        let rate = learningRate.isFinite ? learningRate.description : "nan"
        return ([String(epoch)] + values + [rate]).joined(separator: ",")
    }

    /// The content of metrics.jsonl: one line per row.
    package static func jsonLines(_ rows: [EpochRow]) -> String {
        rows.map { $0.jsonLine + "\n" }.joined()
    }

    /// The content of history.csv.
    package static func csv(_ rows: [EpochRow]) -> String {
        ([csvHeader] + rows.map(\.csvLine)).map { $0 + "\n" }.joined()
    }
}

/// A line that `EpochRow.jsonLine` cannot have written.
package struct EpochRowError: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1.
    package var line: Int
    package var problem: String

    package var description: String {
        "the metrics are damaged: line \(line) \(problem); resume from another checkpoint"
    }
}

extension EpochRow {
    /// Reads a row. Only text that `jsonLine` writes is accepted; `null` becomes not-a-number.
    package init(jsonLine text: String, line: Int = 1) throws(EpochRowError) {
        var scanner = JSONScanner(Array(text.utf8))
        var row = EpochRow(
            epoch: 0, step: 0, loss: 0, accuracy: 0, validationLoss: nil, validationAccuracy: nil, learningRate: 0)
        do {
            try scanner.object { (scanner, key) throws(JSONSyntaxError) in try row.read(key, from: &scanner) }
            guard scanner.isAtEnd else { throw JSONSyntaxError(offset: scanner.offset, problem: "more text follows") }
        } catch {
            throw EpochRowError(line: line, problem: "is not a row: \(error)")
        }
        guard row.epoch >= 1, row.step >= 0 else {
            throw EpochRowError(line: line, problem: "has no epoch from 1 or no step from 0")
        }
        guard row.jsonLine == text else {
            throw EpochRowError(line: line, problem: "is not written as this program writes it")
        }
        self = row
    }

    private mutating func read(_ key: String, from scanner: inout JSONScanner) throws(JSONSyntaxError) {
        switch key {
        case "epoch": epoch = try scanner.nonNegativeInteger()
        case "step": step = try scanner.nonNegativeInteger()
        case "loss": loss = try scanner.number() ?? .nan
        case "accuracy": accuracy = try scanner.number() ?? .nan
        case "val_loss": validationLoss = try scanner.number() ?? .nan
        case "val_accuracy": validationAccuracy = try scanner.number() ?? .nan
        case "learning_rate": learningRate = try scanner.singlePrecisionNumber() ?? .nan
        case "diverged": try scanner.literal("true")
        default: throw JSONSyntaxError(offset: scanner.offset, problem: "unknown key \(quoted(key))")
        }
    }

    /// The rows of a metrics.jsonl: epochs 1, 2, 3, … with ascending steps.
    package static func rows(jsonLines text: String) throws(EpochRowError) -> [EpochRow] {
        var rows: [EpochRow] = []
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.removeLast().isEmpty else {
            throw EpochRowError(line: lines.count + 1, problem: "does not end")
        }
        for (index, line) in lines.enumerated() {
            let row = try EpochRow(jsonLine: String(line), line: index + 1)
            guard row.epoch == index + 1 else {
                throw EpochRowError(line: index + 1, problem: "is epoch \(row.epoch), not \(index + 1)")
            }
            guard row.step > rows.last?.step ?? -1 else {
                throw EpochRowError(line: index + 1, problem: "has a step that is not higher than the one before")
            }
            rows.append(row)
        }
        return rows
    }
}
