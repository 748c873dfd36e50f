import ArgumentParser
import Cluster
import Core
import Experiments
import Foundation
import NeuralNetwork

/// The experiment, and the values that replace its own.
struct ExperimentOptions: ParsableArguments {
    @Argument(
        help: "A shipped experiment (see 'selvedge experiments') or the path of a YAML file; by default A-1.")
    var experiment: String?

    @Option(help: "Number of passes over the training data.")
    var epochs: Int?

    @Option(help: "Samples in a global batch.")
    var batchSize: Int?

    @Option(help: "Micro-batches in a global batch: a power of two up to 1024. Changes the bits of the result.")
    var microBatches: Int?

    @Option(help: "Seed of split, order and initial weights.")
    var seed: UInt64?

    @Option(help: "Folder with the data set, or 'synthetic' for generated images.")
    var data: String?

    /// The experiment to run, checked including the shapes of its layers.
    func resolved(from file: String? = nil) throws -> Experiment {
        try DataFolder.check(dataFolder)
        var result =
            try file.map { try Experiment.load(path: $0) } ?? Experiment.resolve(experiment ?? Self.defaultName)
        if data == DatasetConfiguration.syntheticName { result.dataset = result.dataset.synthetic }
        result = try result.replacing(
            epochs: epochs, batchSize: batchSize, microBatchCount: microBatches, seed: seed)
        _ = try Model(result.model, loss: result.loss)
        return result
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

    /// The folder to search for data: the given one, or else that of the experiment's file.
    var dataFolder: String? {
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
            + flag("seed", seed) + flag("data", data)
    }
}

/// The folder given with --data.
enum DataFolder {
    /// Refuses a path without a folder: otherwise the data would silently be taken from the usual places.
    static func check(_ path: String?) throws {
        guard let path else { return }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw ExitStatus(
                ProcessExitCode.missingInput, "there is no folder \(path): give --data the folder with the data set")
        }
    }
}

/// `--name value`, or nothing.
func flag(_ name: String, _ value: (some CustomStringConvertible)?) -> [String] {
    value.map { ["--\(name)", $0.description] } ?? []
}
