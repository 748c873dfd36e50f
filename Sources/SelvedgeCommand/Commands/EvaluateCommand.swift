import ArgumentParser
import Foundation
import Reports
import Runs
import Selvedge

/// Evaluates a checkpoint in this process.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Evaluate a checkpoint: loss, classification report, confusion matrix.")

    @Argument(help: "A checkpoint, such as RUN/checkpoints/last.safetensors.")
    var checkpoint: String

    @Option(help: "Folder with the data set, before the usual places.")
    var data: String?

    @Option(help: "Samples to evaluate: test, or train (including the validation samples).")
    var split: Split = .test

    @Option(help: "Evaluate only the first so many samples.")
    var limit: Int?

    @Option(help: "Also write the logits, as tensor 'logits' [samples, classes], to this safetensors file.")
    var logits: String?

    @Option(
        help: ArgumentHelp(
            "Also write pictures, report.html, report.txt and report.json into this folder.", valueName: "folder"))
    var report: String?

    @Flag(help: "Print JSON.")
    var json = false

    enum Split: String, ExpressibleByArgument, CaseIterable {
        case test, train
    }

    func validate() throws {
        guard limit ?? 1 > 0 else { throw ValidationError("--limit takes a number from 1") }
    }

    func run() throws {
        try DataFolder.check(data)
        let trained = try Checkpoint(path: checkpoint)
        let (experiment, model) = (trained.experiment, trained.model)
        let sets = try DatasetLookup.load(
            experiment, data: data, environment: ProcessInfo.processInfo.environment)
        let dataset = split == .test ? sets.test : try sets.training.trainingPart
        let evaluation = try trained.evaluate(dataset, sampleLimit: limit)
        if let logits {
            var writer = SafetensorsWriter()
            writer.add(
                name: "logits", shape: [evaluation.labels.count, model.classCount], evaluation.logits)
            try AtomicFile.write(writer.serialized(), to: logits)
        }
        let matrix = ConfusionMatrix(
            classNames: ConfusionMatrix.names(dataset.classNames, outputCount: model.classCount),
            labels: evaluation.labels, predictions: evaluation.predictions)
        let text = EvaluationText(evaluation, matrix)
        Console.result(json ? text.json : "\(experiment.name) on \(dataset.name)\n" + text.text)
        if let report {
            let contents = try RunReport(
                experiment: experiment, model: model, rows: trained.epochs, training: sets.training,
                evaluated: dataset, isTestSet: split == .test, evaluation: evaluation)
            try write(contents, to: report)
        }
    }

    private func write(_ report: RunReport, to folder: String) throws {
        let written = try report.write(to: OpenFolder.making(folder, access: .everyone))
        if let note = written.note { Console.note(note) }
        Console.note("Written to \(folder): \(written.files.joined(separator: ", "))")
    }
}
