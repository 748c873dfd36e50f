import ArgumentParser
import Core
import Datasets
import Experiments
import Foundation
import Training

/// Shows the data of an experiment, and the order in which an epoch visits them.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Show an experiment's data: place, sizes and classes, or the order of an epoch.")

    @OptionGroup var experiment: ExperimentOptions

    @Option(
        help: ArgumentHelp(
            "Print the training samples in the order of this epoch, from 1, as train:INDEX.", valueName: "epoch"))
    var order: Int?

    func validate() throws {
        guard order ?? 1 > 0 else { throw ValidationError("--order takes an epoch from 1") }
    }

    func run() throws {
        let resolved = try experiment.resolved()
        let environment = ProcessInfo.processInfo.environment
        let folder = experiment.dataFolder(of: resolved)
        let sets = try DatasetLookup.load(resolved, data: folder, environment: environment)
        let data = try TrainingData(dataset: sets.training, experiment: resolved)
        if let order {
            guard order <= resolved.epochs else {
                throw ExitStatus(
                    ProcessExitCode.usage,
                    "\(resolved.name) has \(Figures.counted(resolved.epochs, "epoch")): give --order one of them")
            }
            let indices = EpochOrder.shuffle(data.split.training, seed: resolved.seed, epoch: order - 1)
            return Console.result(indices.map { "train:\($0)" }.joined(separator: "\n"))
        }
        Console.result(
            """
            data: \(DatasetLookup.place(resolved, data: folder, environment: environment))
            images: \(sets.training.height)×\(sets.training.width)×\(sets.training.channels)
            training: \(Figures.grouped(data.split.training.count))
            validation: \(Figures.grouped(data.split.validation.count))
            test: \(sets.test.map { Figures.grouped($0.sampleCount) } ?? "none")
            classes: \(sets.training.classNames.joined(separator: ", "))
            digest: \(sets.training.digest.hexadecimal)
            """)
    }
}
