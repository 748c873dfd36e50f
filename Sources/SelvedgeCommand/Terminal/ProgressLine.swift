import Foundation

/// The line that shows the running epoch. What matters most comes first and gives way last: metrics, then speed and
/// workers, then the remaining time, then the bar. Pure, so it can be tested.
struct ProgressLine {
    var epoch: Int
    var epochCount: Int
    var step: Int
    var stepsPerEpoch: Int
    /// Seconds since the start of the epoch, without the first step.
    var elapsedSeconds: Double
    /// Steps that `elapsedSeconds` covers.
    var timedStepCount: Int
    var imagesPerSecond: Double
    var loss: Double
    var accuracy: Double
    var workerCount: Int

    /// Metrics have their full names on terminals of at least so many columns.
    static let wideColumns = 110
    private static let barWidths = (least: 5, most: 20)

    /// At most `columns` characters.
    func text(columns: Int) -> String {
        let isWide = columns >= Self.wideColumns
        var text =
            "Epoch \(epoch)/\(epochCount) \(padded(String(step), to: String(stepsPerEpoch).count))/\(stepsPerEpoch)"
        text += EpochLine.metrics([("loss", "loss", loss), ("accuracy", "acc", accuracy)], isWide: isWide)
        let separator = isWide ? " - " : " "
        let speed = Int(exactly: imagesPerSecond.rounded(.towardZero)) ?? 0
        for part in ["\(Figures.grouped(speed)) img/s", Figures.counted(workerCount, "worker"), timing] {
            let longer = text + separator + part
            guard longer.count <= columns else { return String(text.prefix(columns)) }
            text = longer
        }
        let barWidth = min(Self.barWidths.most, columns - text.count - 1)
        return barWidth < Self.barWidths.least ? text : text + " " + bar(barWidth)
    }

    private func bar(_ width: Int) -> String {
        let filled = stepsPerEpoch > 0 ? step * width / stepsPerEpoch : 0
        return String(repeating: "━", count: filled) + String(repeating: "─", count: width - filled)
    }

    private var timing: String {
        guard timedStepCount > 0 else { return "ETA –" }
        let remaining = elapsedSeconds / Double(timedStepCount) * Double(stepsPerEpoch - step)
        return step < stepsPerEpoch ? "ETA \(Figures.duration(remaining))" : Figures.duration(elapsedSeconds)
    }

    private func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

/// The line of a finished epoch.
struct EpochLine {
    var epoch: Int
    var epochCount: Int
    /// Seconds and images a second; nil where they were not measured.
    var timing: (seconds: Double, imagesPerSecond: Double)?
    var loss: Double
    var accuracy: Double
    var validationLoss: Double?
    var validationAccuracy: Double?

    /// The line for a terminal of so many columns, or the full one where there is no terminal. On a narrow terminal
    /// names are abbreviated, then time and speed give way.
    func text(columns: Int?) -> String {
        let (head, full) = ("Epoch \(epoch)/\(epochCount)", full)
        guard let columns, full.count > columns else { return full }
        var metrics: [(long: String, short: String, value: Double)] = [
            ("loss", "loss", loss), ("accuracy", "acc", accuracy),
        ]
        if let validationLoss { metrics.append(("val_loss", "val_loss", validationLoss)) }
        if let validationAccuracy { metrics.append(("val_accuracy", "val_acc", validationAccuracy)) }
        let short = head + Self.metrics(metrics, isWide: false)
        let candidates = [
            timing.map { "\(short) \(seconds($0)) \(speed($0))" }, timing.map { "\(short) \(seconds($0))" }, short,
            abbreviated(head, metrics), head + " " + metrics.map { Figures.metric($0.value) }.joined(separator: " "),
        ]
        return candidates.lazy.compactMap { $0 }.first { $0.count <= columns } ?? String(short.prefix(columns))
    }

    /// Names only before the training's and the validation's values.
    private func abbreviated(_ head: String, _ metrics: [(long: String, short: String, value: Double)]) -> String {
        let validation = metrics.dropFirst(2).map { Figures.metric($0.value) }
        return head + Self.metrics(Array(metrics.prefix(2)), isWide: false)
            + (validation.isEmpty ? "" : " val " + validation.joined(separator: " "))
    }

    private var full: String {
        "Epoch \(epoch)/\(epochCount)" + (timing.map { " - \(seconds($0)) - \(speed($0))" } ?? "")
            + " - accuracy: \(Figures.metric(accuracy)) - loss: \(Figures.metric(loss))"
            + (validationAccuracy.map { " - val_accuracy: \(Figures.metric($0))" } ?? "")
            + (validationLoss.map { " - val_loss: \(Figures.metric($0))" } ?? "")
    }

    private func seconds(_ timing: (seconds: Double, imagesPerSecond: Double)) -> String {
        String(format: "%.2f", timing.seconds) + "s"
    }

    private func speed(_ timing: (seconds: Double, imagesPerSecond: Double)) -> String {
        "\(Figures.grouped(Int(exactly: timing.imagesPerSecond.rounded()) ?? 0)) img/s"
    }

    /// Values after their long or short names.
    static func metrics(_ metrics: [(long: String, short: String, value: Double)], isWide: Bool) -> String {
        metrics.map {
            isWide ? " - \($0.long): \(Figures.metric($0.value))" : " \($0.short) \(Figures.metric($0.value))"
        }
        .joined()
    }
}

/// What erases the line that was drawn last. A terminal that became narrower has broken it into several rows.
enum LineEraser {
    static func sequence(drawnCharacters: Int, columns: Int) -> String {
        let rowsAbove = drawnCharacters > 0 && columns > 0 ? (drawnCharacters - 1) / columns : 0
        return "\r" + (rowsAbove > 0 ? "\u{1B}[\(rowsAbove)A" : "") + "\u{1B}[J"
    }
}
