import Runs
package import Training

/// An evaluation as text and as JSON.
package struct EvaluationText {
    let evaluation: Evaluation
    let matrix: ConfusionMatrix

    package init(_ evaluation: Evaluation, _ matrix: ConfusionMatrix) {
        self.evaluation = evaluation
        self.matrix = matrix
    }

    /// Accuracy, loss and share of mistakes on one line, the classification report and the confusion matrix.
    package var text: String {
        """
        \(summary)

        \(ClassificationReport(matrix).text())
        \(matrix.text)
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
