import ArgumentParser
import Experiments
import NeuralNetwork
import Reports

/// Lists the shipped experiments.
struct ExperimentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiments", abstract: "List the shipped experiments and their published figures.")

    func run() throws {
        var rows = [["name", "title", "parameters", "batch", "epochs", "published test accuracy", "loss"]]
        for name in Experiment.shippedNames {
            let experiment = try Experiment.shipped(named: name)
            let model = try Model(experiment.model, loss: experiment.loss)
            rows.append([
                name, experiment.title, String(model.parameterCount), String(experiment.batchSize),
                String(experiment.epochs), figure("test_accuracy", of: experiment), figure("test_loss", of: experiment),
            ])
        }
        Console.result(TextTable.text(rows, leadingColumns: 2))
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
