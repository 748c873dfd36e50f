import ArgumentParser
import Experiments
import NeuralNetwork
import Reports

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
