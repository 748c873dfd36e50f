import ArgumentParser
import Core
import Datasets
import Experiments
import Foundation
import Reports
import Runs
import Selvedge
import Training

/// Evaluates a checkpoint in this process.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Evaluate a checkpoint: loss, classification report, confusion matrix.")

    @Argument(
        help: "A checkpoint, such as RUN/checkpoints/last.safetensors, or a run directory.",
        completion: Completions.checkpoint)
    var checkpoint: String

    @Option(help: "Folder with the data set, instead of the usual places.", completion: .directory)
    var data: String?

    @Option(help: "Samples to evaluate: test, validation, or train (including the validation samples).")
    var split: RunReport.Split = .test

    @Option(help: "Evaluate only the first so many samples.")
    var limit: Int?

    @Option(
        help:
            "Also write the tensors 'logits' and 'probabilities' [samples, classes] and 'labels' [samples] to this safetensors file.",
        completion: .file())
    var logits: String?

    @Option(
        help: ArgumentHelp(
            "Also write pictures, report.html, report.txt and report.json into this folder.", valueName: "folder"),
        completion: .directory)
    var report: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard limit ?? 1 > 0 else { throw ValidationError("--limit takes a number from 1") }
    }

    func run() throws {
        try DataFolder.check(data)
        let path = try CheckpointArgument(checkpoint).path
        let trained = try Checkpoint(path: path)
        let (experiment, model) = (trained.experiment, trained.model)
        let environment = ProcessInfo.processInfo.environment
        let sets = try DatasetLookup.load(experiment, data: data, environment: environment)
        Console.note("Data: \(DatasetLookup.place(experiment, data: data, environment: environment))")
        let samples = try EvaluatedSamples(split, training: sets.training, test: sets.test, experiment)
        let dataset = samples.dataset
        let evaluation = try trained.evaluate(dataset, sampleLimit: limit)
        let weights = try EvaluatedWeights(
            trained.state().progress, TrainingData(dataset: sets.training, experiment: experiment).schedule(experiment),
            EvaluatedWeights.Role(path: path))
        if let logits {
            var writer = SafetensorsWriter()
            writer.add(
                name: "logits", shape: [evaluation.labels.count, model.classCount], evaluation.logits)
            writer.add(
                name: "probabilities", shape: [evaluation.labels.count, model.classCount], evaluation.probabilities)
            writer.add(name: "labels", shape: [evaluation.labels.count], evaluation.labels)
            try AtomicFile.write(writer.serialized(), to: logits)
        }
        let matrix = ConfusionMatrix(
            classNames: ConfusionMatrix.names(dataset.classNames, outputCount: model.classCount),
            labels: evaluation.labels, predictions: evaluation.predictions)
        let text = EvaluationText(evaluation, matrix)
        Console.result(
            json
                ? JSONResult.text(
                    "evaluate",
                    [
                        ("checkpoint", JSONText.string(path)), ("experiment", JSONText.string(experiment.name)),
                        ("split", JSONText.string(split.rawValue)), ("data", JSONText.string(dataset.name)),
                        ("weights", weights.json),
                    ], object: text.json)
                : "\(experiment.name) on \(dataset.name), \(weights.text)\n" + text.text(columns: Console.resultColumns)
        )
        if let report {
            let contents = try RunReport(
                experiment: experiment, model: model, rows: trained.epochs, training: sets.training,
                evaluated: dataset, split: split, references: samples.references,
                weights: weights,
                timing: ResumedRun.owner(of: path).flatMap { RunFiles(RunPaths($0)).timing },
                origin: ResumedRun.owner(of: path).flatMap { RunReport.Origin(run: $0) }, evaluation: evaluation)
            try write(contents, to: report)
        }
    }

    private func write(_ report: RunReport, to folder: String) throws {
        let written = try report.write(to: OpenFolder.making(folder, access: .everyone))
        if let note = written.note { Console.note(note) }
        Console.note("Written to \(folder): \(written.files.joined(separator: ", "))")
    }
}
