import Runs
package import Training

/// Precision, recall and F1 of each class, with their averages, in scikit-learn's terms. What would be divided by
/// zero is 0.
package struct ClassificationReport: Sendable, Equatable {
    package struct Row: Sendable, Equatable {
        package var precision: Double
        package var recall: Double
        package var f1Score: Double
        /// The samples that truly are of the class.
        package var support: Int
    }

    package let classNames: [String]
    package let classes: [Row]
    package let accuracy: Double
    /// The plain mean over the classes.
    package let macroAverage: Row
    /// The mean over the classes, weighted by their support.
    package let weightedAverage: Row

    package init(_ matrix: ConfusionMatrix) {
        classNames = matrix.classNames
        classes = matrix.classNames.indices.map { index in
            let correct = matrix.counts[index][index]
            let trueCount = matrix.trueCount(of: index)
            let predictedCount = matrix.predictedCount(of: index)
            return Row(
                precision: Self.ratio(correct, predictedCount), recall: Self.ratio(correct, trueCount),
                f1Score: Self.ratio(2 * correct, trueCount + predictedCount), support: trueCount)
        }
        accuracy = Self.ratio(matrix.correctCount, matrix.sampleCount)
        macroAverage = Self.average(classes) { _ in 1 }
        weightedAverage = Self.average(classes) { Double($0.support) }
    }

    private static func ratio(_ part: Int, _ whole: Int) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }

    private static func average(_ rows: [Row], weight: (Row) -> Double) -> Row {
        let total = rows.reduce(0) { $0 + weight($1) }
        func mean(_ value: (Row) -> Double) -> Double {
            total == 0 ? 0 : rows.reduce(0) { $0 + value($1) * weight($1) } / total
        }
        return Row(
            precision: mean(\.precision), recall: mean(\.recall), f1Score: mean(\.f1Score),
            support: rows.reduce(0) { $0 + $1.support })
    }
}

extension ClassificationReport {
    private static let headings = ["precision", "recall", "f1-score", "support"]

    /// The report in scikit-learn's layout, ending with a line feed.
    package func text(digits: Int = 2) -> String {
        let width = (classNames + ["weighted avg"]).map(TextLayout.width).max() ?? 0
        func line(_ name: String, _ cells: [String]) -> String {
            TextLayout.right(name, width) + " " + cells.map { " " + TextLayout.right($0, 9) }.joined() + "\n"
        }
        func line(_ name: String, _ row: Row) -> String {
            let numbers = [row.precision, row.recall, row.f1Score].map { FixedPoint.text($0, digits: digits) }
            return line(name, numbers + [String(row.support)])
        }
        let rows = zip(classNames, classes).map { line($0, $1) }.joined()
        let accuracyCells = ["", "", FixedPoint.text(accuracy, digits: digits), String(macroAverage.support)]
        return line("", Self.headings) + "\n" + rows + "\n" + line("accuracy", accuracyCells)
            + line("macro avg", macroAverage) + line("weighted avg", weightedAverage)
    }

    /// The report as one JSON object on one line, without a line end: a member for each class in their order,
    /// "accuracy", "macro avg" and "weighted avg". Equal reports give the same text.
    package var json: String {
        func object(_ row: Row) -> String {
            "{\"precision\":\(row.precision),\"recall\":\(row.recall),\"f1-score\":\(row.f1Score),"
                + "\"support\":\(row.support)}"
        }
        let rows = zip(classNames, classes).map { "\(JSONText.string($0)):\(object($1))" }
        let averages = [
            "\"accuracy\":\(accuracy)", "\"macro avg\":\(object(macroAverage))",
            "\"weighted avg\":\(object(weightedAverage))",
        ]
        return "{\((rows + averages).joined(separator: ","))}"
    }
}

/// An evaluation as text and as JSON.
package struct EvaluationText {
    let evaluation: Evaluation
    let matrix: ConfusionMatrix

    package init(_ evaluation: Evaluation, _ matrix: ConfusionMatrix) {
        self.evaluation = evaluation
        self.matrix = matrix
    }

    /// Accuracy, loss and share of mistakes on one line, the classification report and the confusion matrix.
    package var text: String { text(columns: nil) }

    /// The text for a terminal of so many columns; nil for any number.
    package func text(columns: Int?) -> String {
        """
        \(summary)

        \(ClassificationReport(matrix).text())
        \(matrix.text(columns: columns))
        """
    }

    var summary: String {
        "\(TextLayout.grouped(evaluation.labels.count)) images: accuracy \(TrainingHistory.figure(evaluation.accuracy)), "
            + "loss \(TrainingHistory.figure(evaluation.loss)), "
            + "misclassified \(TrainingHistory.figure(matrix.misclassification))"
    }

    /// One object on one line; a loss that is not a number is `null`.
    package var json: String {
        let rows = matrix.counts.map { "[" + $0.map(String.init).joined(separator: ",") + "]" }
        return "{\"samples\":\(evaluation.labels.count),\"accuracy\":\(evaluation.accuracy),"
            + "\"loss\":\(JSONText.number(evaluation.loss)),"
            + "\"misclassification\":\(matrix.misclassification),"
            + "\"classification_report\":\(ClassificationReport(matrix).json),"
            + "\"confusion_matrix\":[\(rows.joined(separator: ","))]}"
    }
}

extension JSONText {
    /// The shortest text that reads back to the same bits; `null` for what is not finite.
    static func number(_ value: Double) -> String { value.isFinite ? value.description : "null" }
}
