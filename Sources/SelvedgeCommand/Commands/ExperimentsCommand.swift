import ArgumentParser
import Experiments
import NeuralNetwork
import Reports

/// Lists the shipped experiments, or shows one.
struct ExperimentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiments", abstract: "List the shipped experiments and their published figures.")

    @Argument(
        help: "A shipped experiment, or the path of a YAML file; by default all shipped ones.",
        completion: Completions.experiments)
    var name: String?

    @Flag(help: "Print the experiment's YAML, to be changed and trained.")
    var yaml = false

    func validate() throws {
        guard !yaml || name != nil else { throw ValidationError("--yaml needs the name of an experiment") }
    }

    func run() throws {
        if yaml, let name { return Console.result(try ExperimentSource(name).text) }
        var rows = [["name", "title", "parameters", "batch", "epochs", "published test accuracy", "loss"]]
        for experiment in try name.map({ [try Experiment.resolve($0)] }) ?? Self.shipped() {
            let model = try Model(experiment.model, loss: experiment.loss)
            rows.append([
                experiment.name, experiment.title, String(model.parameterCount), String(experiment.batchSize),
                String(experiment.epochs), figure("test_accuracy", of: experiment), figure("test_loss", of: experiment),
            ])
        }
        Console.result(TextTable.text(rows, leadingColumns: 2))
    }

    private static func shipped() throws -> [Experiment] {
        try Experiment.shippedNames.map { try Experiment.shipped(named: $0) }
    }

    private func figure(_ name: String, of experiment: Experiment) -> String {
        experiment.published.first { $0.name == name }?.value.description ?? ""
    }
}

/// Shows a model without training it.
struct SummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Show an experiment's layers, shapes and parameter counts.")

    @OptionGroup var experiment: ExperimentOptions

    func run() throws {
        let resolved = try experiment.resolved()
        let model = try Model(resolved.model, loss: resolved.loss)
        Console.result(ModelSummaryTable(model, name: resolved.name).text(terminalColumns: Console.columns))
    }
}
