import ArgumentParser
import Datasets
import Experiments
import Foundation
import Kernels
import NeuralNetwork
import Reports
import Runs
import Training

/// Says what a checkpoint takes images for.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Print what a checkpoint takes images for, with the probability.")

    @Argument(help: "A checkpoint, as RUN/checkpoints/last.safetensors.")
    var checkpoint: String

    @Argument(
        help: ArgumentHelp(
            "PNG files, or images of the data set, counted from 0: test:17, train:3.", valueName: "image"))
    var images: [String]

    @Option(help: "Folder with the data set, before the usual places.")
    var data: String?

    @Option(help: "Print so many classes of each image, the most probable first.")
    var top: Int = 1

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard top > 0 else { throw ValidationError("--top takes a number from 1") }
    }

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        try DataFolder.check(data)
        let contents = try Safetensors(path: checkpoint)
        let experiment = try ReplicatedState.experiment(in: contents)
        let model = try Model(experiment.model, loss: experiment.loss)
        let state = try ReplicatedState(checkpoint: contents, model: model, experiment: experiment)
        let references = images.map { ImageReference($0) }
        let reader = ImageReader(experiment: experiment, model: model, data: data, environment: environment)
        let found = try reader.read(references)
        let evaluator = try Evaluator(
            experiment: experiment, model: model, dataset: found.dataset,
            kernels: InstructionSet.chosen(environment: environment).table, threadCount: Processors.available)
        let predictions = Predictions(
            names: images, found, evaluator.evaluate(state), classCount: model.classCount, top: top,
            isSynthetic: experiment.dataset.name == DatasetConfiguration.syntheticName)
        Console.result(json ? predictions.json : predictions.text)
    }
}
