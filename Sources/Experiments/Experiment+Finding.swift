import Core
import Glibc

extension Experiment {
    /// The names of the shipped experiments, in the order of listings.
    package static let shippedNames = ShippedExperiments.all.map(\.name)

    /// A shipped experiment, capitals aside.
    ///
    /// - Throws: `ExperimentError` with the nearest name and all of them.
    package static func shipped(named name: String) throws(ExperimentError) -> Experiment {
        guard let entry = ShippedExperiments.all.first(where: { $0.name.lowercased() == name.lowercased() }) else {
            throw unknown(name)
        }
        return try Experiment(yaml: String(decoding: entry.yaml, as: UTF8.self), source: "\(entry.name).yaml")
    }

    /// Reads an experiment from a YAML file.
    package static func load(path: String) throws(ExperimentError) -> Experiment {
        let bytes: [UInt8]
        do {
            bytes = try BoundedFile.read(path, byteLimit: byteLimit)
        } catch {
            throw ExperimentError(source: path, problem: error)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ExperimentError(source: path, problem: .syntax("it is not UTF-8"))
        }
        return try Experiment(yaml: text, source: path)
    }

    /// Whether an argument names a shipped experiment, capitals aside.
    package static func isShipped(_ argument: String) -> Bool {
        shippedNames.contains { $0.lowercased() == argument.lowercased() }
    }

    /// The experiment that a user's argument means: a shipped name first, else the path of a YAML file.
    package static func resolve(_ argument: String) throws(ExperimentError) -> Experiment {
        if isShipped(argument) {
            return try shipped(named: argument)
        }
        let looksLikePath = argument.contains("/") || argument.hasSuffix(".yaml") || argument.hasSuffix(".yml")
        guard looksLikePath || BoundedFile.exists(argument) else { throw unknown(argument) }
        return try load(path: argument)
    }

    private static func unknown(_ name: String) -> ExperimentError {
        let problem = ExperimentError.Problem.unknownExperiment(
            name, nearest: NearestName.of(name, among: shippedNames), shipped: shippedNames)
        return ExperimentError(source: name, problem: problem)
    }
}
