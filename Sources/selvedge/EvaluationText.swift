import Reports
import Training

/// An evaluation as text and as JSON.
struct EvaluationText {
    let evaluation: Evaluation
    let matrix: ConfusionMatrix

    init(_ evaluation: Evaluation, _ matrix: ConfusionMatrix) {
        self.evaluation = evaluation
        self.matrix = matrix
    }

    var text: String {
        """
        \(Figures.grouped(evaluation.labels.count)) images: accuracy \(Figures.metric(evaluation.accuracy)), \
        loss \(Figures.metric(evaluation.loss)), misclassified \(Figures.metric(matrix.misclassification))

        \(ClassificationReport(matrix).text())
        \(matrix.text)
        """
    }

    var json: String {
        let rows = matrix.counts.map { "[" + $0.map(String.init).joined(separator: ",") + "]" }
        return "{\"samples\":\(evaluation.labels.count),\"accuracy\":\(evaluation.accuracy),"
            + "\"loss\":\(evaluation.loss.isFinite ? evaluation.loss.description : "null"),"
            + "\"classification_report\":\(ClassificationReport(matrix).json),"
            + "\"confusion_matrix\":[\(rows.joined(separator: ","))]}"
    }
}
