package import Core

/// Why text, a file or a name is no experiment. Its description is one line with the place and the remedy.
///
/// ```swift
/// do {
///     _ = try Experiment(yaml: "name: [1]", source: "own.yaml")
/// } catch {
///     print(error, error.line ?? 0, error.key)
/// }
/// ```
public struct ExperimentError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Problem: Error, Sendable, Equatable {
        /// The file cannot be read, for the system's reason.
        case unreadable(String)
        case tooLarge(byteLimit: Int)
        /// Not YAML, or YAML that experiments do not use.
        case syntax(String)
        case setting(SettingError.Problem)
        /// A flag that replaces a value cannot be used, for this reason.
        case unusableOverride(String)
        case unknownExperiment(String, nearest: String?, shipped: [String])
    }

    /// The file or name of the experiment.
    public var source: String
    /// From 1, where it is known.
    public var line: Int?
    /// The key, such as `model.layers[2].dense.units`; empty for the whole.
    public var key: String
    package var problem: Problem

    package init(source: String, line: Int? = nil, key: String = "", problem: Problem) {
        self.source = source
        self.line = line
        self.key = key
        self.problem = problem
    }

    init(source: String, _ error: SettingError) {
        self.init(source: source, line: error.line, key: error.key, problem: .setting(error.problem))
    }

    public var description: String {
        if case .unknownExperiment(let name, let nearest, let shipped) = problem {
            let hint = nearest.map { "did you mean \($0)? " } ?? ""
            return "no experiment is named \(quoted(name)) and no file is there; \(hint)"
                + "shipped are \(shipped.joined(separator: ", ")), or give the path of a YAML file"
        }
        let isFlag = source.hasPrefix("--")
        let place = isFlag ? source : line.map { "\(quoted(source)), line \($0)" } ?? quoted(source)
        return "\(place): \(key.isEmpty ? "" : "\(escaped(key)): ")\(explanation)"
    }

    private var explanation: String {
        switch problem {
        case .unreadable(let reason): "cannot be read: \(reason); check the path"
        case .tooLarge(let limit): "is longer than \(limit) bytes, the most that an experiment may have; shorten it"
        case .syntax(let text): "is not a valid experiment: \(escaped(text)); correct the YAML"
        case .setting(let problem): problem.description
        case .unusableOverride(let reason): reason
        case .unknownExperiment: ""
        }
    }
}
