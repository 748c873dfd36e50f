import Core

/// A line that is not a row as `EpochRow.jsonLine` writes it.
package struct EpochRowError: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1.
    package var line: Int
    package var problem: String

    package var description: String {
        "the metrics are damaged: line \(line) \(problem); resume from another checkpoint"
    }
}

extension EpochRow {
    /// The row in one line of JSON. Only the text that `jsonLine` writes is taken; `null` reads as not-a-number.
    package init(jsonLine text: String, line: Int = 1) throws(EpochRowError) {
        var scanner = JSONScanner(Array(text.utf8))
        var row = EpochRow(
            epoch: 0, step: 0, loss: 0, accuracy: 0, validationLoss: nil, validationAccuracy: nil, learningRate: 0)
        do {
            try scanner.object { (scanner, key) throws(JSONSyntaxError) in try row.read(key, from: &scanner) }
            guard scanner.isAtEnd else { throw JSONSyntaxError(offset: scanner.offset, problem: "more text follows") }
        } catch {
            throw EpochRowError(line: line, problem: "is no row: \(error)")
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

    /// The rows of a whole metrics.jsonl: epochs 1, 2, 3, … with steps that rise.
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
                throw EpochRowError(line: index + 1, problem: "has a step that does not rise")
            }
            rows.append(row)
        }
        return rows
    }
}
