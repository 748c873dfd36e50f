import Datasets
import Experiments
import NeuralNetwork
import Runs

extension RunReport {
    /// The report as one JSON object on one line. `test` is the evaluation, whatever data it is of: `data` names them.
    package var json: String {
        let published = published.rows.map { row in
            "{\"name\":\(JSONText.string(row.name)),\"published\":\(JSONText.string(row.published)),"
                + "\"ours\":\(row.ours.map(JSONText.number) ?? "null")}"
        }
        let members = [
            ("experiment", JSONText.string(experiment.name)), ("title", JSONText.string(experiment.title)),
            ("seed", String(experiment.seed)), ("data", JSONText.string(evaluated.name)),
            ("synthetic", String(isSynthetic)), ("parameters", String(model.parameterCount)),
            ("epochs", "[\(rows.map(\.jsonLine).joined(separator: ","))]"),
            ("highest_validation_accuracy", Self.json(history.highestValidationAccuracy)),
            ("lowest_validation_loss", Self.json(history.lowestValidationLoss)),
            ("published", "[\(published.joined(separator: ","))]"),
            ("test", EvaluationText(evaluation, matrix).json),
        ]
        return "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    private static func json(_ best: TrainingHistory.Best?) -> String {
        best.map { "{\"epoch\":\($0.epoch),\"value\":\(JSONText.number($0.value))}" } ?? "null"
    }
}
