import ArgumentParser
import Cluster
import Experiments
import Foundation
import NeuralNetwork

/// Which experiment, with which values replaced.
struct ExperimentOptions: ParsableArguments {
    @Argument(help: "A shipped experiment (see 'selvedge experiments') or the path of a YAML file.")
    var experiment: String = "A-1"

    @Option(help: "Passes over the training data.")
    var epochs: Int?

    @Option(help: "Samples in a global batch.")
    var batchSize: Int?

    @Option(help: "Fixed pieces of a global batch: a power of two up to 64. Part of the arithmetic.")
    var microBatches: Int?

    @Option(help: "Seed of split, order and initial weights.")
    var seed: UInt64?

    @Option(help: "Folder with the data set, or 'synthetic' for made-up images.")
    var data: String?

    /// The experiment as it is to be run. Checked down to the shapes of its layers.
    func resolved(from file: String? = nil) throws -> Experiment {
        var result = try file.map { try Experiment.load(path: $0) } ?? Experiment.resolve(experiment)
        if data == DatasetConfiguration.syntheticName { result.dataset.name = DatasetConfiguration.syntheticName }
        result = try result.replacing(
            epochs: epochs, batchSize: batchSize, microBatchCount: microBatches, seed: seed)
        _ = try Model(result.model, loss: result.loss)
        return result
    }

    /// The folder to look for data in.
    var dataFolder: String? {
        data == DatasetConfiguration.syntheticName ? nil : data
    }

    /// The same options for another process of this program.
    var arguments: [String] {
        [experiment] + flag("epochs", epochs) + flag("batch-size", batchSize) + flag("micro-batches", microBatches)
            + flag("seed", seed) + flag("data", data)
    }
}

/// `--name value`, or nothing.
func flag(_ name: String, _ value: (some CustomStringConvertible)?) -> [String] {
    value.map { ["--\(name)", $0.description] } ?? []
}
