import Cluster
import Datasets
import Experiments
import Foundation
import Kernels
import NeuralNetwork
import Reports
import Runs
import Training

/// The report at the end of a training: its result on the test set, the last weights or, where early stopping restores
/// them, the best.
struct FinalReport {
    let run: PreparedRun
    let report: RunReport

    init(_ run: PreparedRun, environment: [String: String]) throws {
        self.run = run
        let restoresBest = run.experiment.earlyStopping?.restoresBestWeights ?? false
        let paths = run.directory.paths
        let checkpoint = try Safetensors(path: restoresBest ? paths.best : paths.last)
        let state = try ReplicatedState(checkpoint: checkpoint, model: run.model, experiment: run.experiment)
        let evaluator = try Evaluator(
            experiment: run.experiment, model: run.model, dataset: run.testSet,
            kernels: InstructionSet.chosen(environment: environment).table, threadCount: Processors.available)
        report = try RunReport(
            experiment: run.experiment, model: run.model, rows: run.rows, training: run.trainingSet,
            evaluated: run.testSet, evaluation: evaluator.evaluate(state))
    }

    /// Writes the reports and pictures, and prints one of the reports.
    func write(asJSON: Bool) throws {
        let written = try report.write(to: run.directory.path)
        Console.result(asJSON ? report.json : report.text)
        if let note = written.note { Console.note(note) }
        let files = Self.files + written.files
        Console.note("Written to \(run.directory.path): \(files.joined(separator: ", "))")
    }

    private static let files = [
        "checkpoints/last.safetensors", "checkpoints/best.safetensors", "metrics.jsonl", "history.csv",
        "timings.jsonl",
    ]
}
