import ArgumentParser
import Experiments

/// Lists what can be trained by name.
struct ExperimentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiments", abstract: "List the shipped experiments and their published figures.")

    func run() throws {
        for name in Experiment.shippedNames {
            let experiment = try Experiment.shipped(named: name)
            let figures = experiment.published.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
            Console.result("\(name)\t\(experiment.title)\t\(figures)")
        }
    }
}
