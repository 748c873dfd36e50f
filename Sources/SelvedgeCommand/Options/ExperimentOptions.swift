import ArgumentParser
import Cluster
import Core
import Datasets
import Experiments
import Foundation
import NeuralNetwork
import Reports

/// The experiment, and the values that replace its own.
struct ExperimentOptions: ParsableArguments {
    @Argument(
        help: "A shipped experiment (see 'selvedge experiments') or the path of a YAML file; by default A-1.",
        completion: Completions.experiments)
    var experiment: String?

    @Option(help: "Number of passes over the training data.")
    var epochs: Int?

    @Option(help: "Samples in a global batch.")
    var batchSize: Int?

    @Option(help: "Micro-batches in a global batch: a power of two up to 1024. Changes the bits of the result.")
    var microBatches: Int?

    @Option(help: "Seed of split, order and initial weights.")
    var seed: UInt64?

    @Option(
        help: "Folder with the data set, the only one that is searched, or 'synthetic' for generated images.",
        completion: .directory)
    var data: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Replace a value of the experiment, such as optimizer.adam.learning_rate=0.01; may be given several times. "
                + "'--set help' lists all keys.", valueName: "key=value"))
    var overrides: [String] = []

    /// The text of the experiment with its overrides: that in `file`, or the one named here.
    func source(from file: String? = nil) throws -> ExperimentSource {
        let overrides = try self.overrides.map { try ExperimentOverride($0) }
        return try file.map { try ExperimentSource(path: $0, overrides: overrides) }
            ?? ExperimentSource(experiment ?? Self.defaultName, overrides: overrides)
    }

    /// The flags that decide a value of the experiment, by its key.
    var decidingFlags: [String: String] {
        var flags: [String: String] = [:]
        if epochs != nil { flags["epochs"] = "--epochs" }
        if batchSize != nil { flags["batch_size"] = "--batch-size" }
        if microBatches != nil { flags["micro_batches"] = "--micro-batches" }
        if seed != nil { flags["seed"] = "--seed" }
        if data == DatasetConfiguration.syntheticName {
            flags["data.set"] = "--data \(DatasetConfiguration.syntheticName)"
        }
        return flags
    }

    /// All keys: a table, or a paragraph each on a terminal.
    private func keyText(columns: Int?) -> String {
        guard let columns else {
            return TextTable.text(
                [["key", "values", "default", "meaning"]] + SettingsReference.keys, leadingColumns: 4)
        }
        return SettingsReference.keys.flatMap { row in
            WrappedText.lines("\(row[0]): \(row[1]) (\(row[2])). \(row[3])", columns)
        }.joined(separator: "\n")
    }

    func validate() throws {
        guard !overrides.contains("help") else {
            throw CleanExit.message(keyText(columns: Console.resultColumns))
        }
    }

    /// The experiment to run, checked including the shapes of its layers.
    func resolved(from file: String? = nil) throws -> Experiment {
        try DataFolder.check(namedFolder)
        var result = try source(from: file).experiment()
        if data == DatasetConfiguration.syntheticName { result.dataset = result.dataset.synthetic }
        result = try result.replacing(
            epochs: epochs, batchSize: batchSize, microBatchCount: microBatches, seed: seed)
        do {
            _ = try Model(result.model, loss: result.loss)
        } catch {
            throw placed(error, file: file ?? experiment)
        }
        return result
    }

    /// A model's error with the file and line of the layer, where the experiment is a file.
    private func placed(_ error: ModelError, file: String?) -> ExitStatus {
        guard let file, !Experiment.isShipped(file) else { return ExitStatus(ProcessExitCode.badData, "\(error)") }
        let line = error.layerNumber.flatMap { Experiment.line(ofLayer: $0, inFile: file) }
        return ExitStatus(ProcessExitCode.badData, "\"\(file)\"\(line.map { ", line \($0)" } ?? ""): \(error)")
    }

    private static let defaultName = "A-1"

    /// The experiment of a run: with --resume the one in its folder, which must be the one named here.
    func resolved(for runOptions: RunOptions) throws -> Experiment {
        let named = try resolved()
        guard let file = try runOptions.experimentFile(name: named.name) else { return named }
        let kept = try resolved(from: file)
        guard experiment == nil || kept.name == named.name else {
            throw ExitStatus(
                ProcessExitCode.usage,
                "\(file) belongs to experiment \(kept.name), not \(named.name): give that name, or another --run")
        }
        return kept
    }

    /// The folder that has the data: the given one, or else that of the experiment's file if the set is there.
    func dataFolder(of experiment: Experiment) -> String? {
        guard data == nil else { return namedFolder }
        return namedFolder.flatMap { experiment.dataset.source.isPresent(in: $0) ? $0 : nil }
    }

    /// The folder to search for files that the experiment names: the given one, or else that of the experiment's file.
    var namedFolder: String? {
        if data == DatasetConfiguration.syntheticName { return nil }
        guard data == nil, let experiment, !Experiment.isShipped(experiment) else { return data }
        guard FileManager.default.fileExists(atPath: experiment) else { return nil }
        let folder = URL(fileURLWithPath: experiment).deletingLastPathComponent().relativePath
        return folder.isEmpty ? "." : folder
    }

    /// The same options for another process of this program.
    var arguments: [String] {
        (experiment.map { [$0] } ?? []) + flag("epochs", epochs) + flag("batch-size", batchSize)
            + flag("micro-batches", microBatches)
            + flag("seed", seed) + flag("data", data) + overrides.flatMap { flag("set", $0) }
    }
}

/// The folder given with --data.
enum DataFolder {
    /// Refuses a path without a folder: the error then is about the folder, not about a file in it.
    static func check(_ path: String?) throws {
        guard let path else { return }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw ExitStatus(
                ProcessExitCode.missingInput, "there is no folder \(path): give --data the folder with the data set")
        }
    }
}

/// For processes in other folders, and on other hosts.
func absolutePath(_ path: String) -> String { URL(fileURLWithPath: path).path }

/// `--name value`, or nothing.
func flag(_ name: String, _ value: (some CustomStringConvertible)?) -> [String] {
    value.map { ["--\(name)", $0.description] } ?? []
}
