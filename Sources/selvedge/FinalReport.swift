import Checkpoints
import Cluster
import Datasets
import Experiments
import Foundation
import Kernels
import NeuralNetwork
import Reports
import Training

/// The report at the end of a training: the last weights on the test set.
struct FinalReport {
    let run: PreparedRun
    let evaluation: Evaluation
    let matrix: ConfusionMatrix

    init(_ run: PreparedRun, environment: [String: String]) throws {
        self.run = run
        let checkpoint = try Safetensors(path: run.directory.paths.last)
        let state = try ReplicatedState(checkpoint: checkpoint, model: run.model, experiment: run.experiment)
        let evaluator = try Evaluator(
            experiment: run.experiment, model: run.model, dataset: run.testSet,
            kernels: InstructionSet.chosen(environment: environment).table, threadCount: Processors.available)
        evaluation = evaluator.evaluate(state)
        matrix = ConfusionMatrix(
            classNames: run.testSet.classNames, labels: evaluation.labels, predictions: evaluation.predictions)
    }

    /// Writes report.txt and report.json, and prints one of them.
    func write(asJSON: Bool) throws {
        try run.directory.writeReport(text: text + "\n", json: json + "\n")
        Console.result(asJSON ? json : text)
        Console.note("Written to \(run.directory.path): \(Self.files.joined(separator: ", "))")
    }

    private static let files = [
        "checkpoints/last.safetensors", "checkpoints/best.safetensors", "metrics.jsonl", "history.csv",
        "timings.jsonl", "report.txt", "report.json",
    ]

    private var text: String {
        let history = TrainingHistory(
            epochs: run.rows.map {
                TrainingHistory.Epoch(
                    loss: $0.loss, accuracy: $0.accuracy, validationLoss: $0.validationLoss ?? .nan,
                    validationAccuracy: $0.validationAccuracy ?? .nan)
            })
        return [
            "\(run.experiment.name), seed \(run.experiment.seed), data: \(run.testSet.name)", history.text,
            EvaluationText(evaluation, matrix).text,
        ].joined(separator: "\n\n")
    }

    private var json: String {
        let rows = run.rows.map(\.jsonLine).joined(separator: ",")
        return "{\"experiment\":\"\(run.experiment.name)\",\"seed\":\(run.experiment.seed),"
            + "\"data\":\"\(run.testSet.name)\",\"epochs\":[\(rows)],\"test\":\(EvaluationText(evaluation, matrix).json)}"
    }
}
