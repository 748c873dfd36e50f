import Core

/// Why text, a file or a name is no experiment, in one line that says where and what to do.
package struct ExperimentError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Problem: Error, Sendable, Equatable {
        /// The file cannot be read, for the system's reason.
        case unreadable(String)
        case tooLarge(byteLimit: Int)
        /// Not YAML, or YAML that experiments do not use.
        case syntax(String)
        case unknownKey(String, nearest: String?, allowed: [String])
        case missingKey(String)
        case wrongType(expected: String, found: String)
        case outOfRange(expected: String, found: String)
        case unknownValue(String, nearest: String?, allowed: [String])
        case unknownExperiment(String, nearest: String?, shipped: [String])
    }

    /// The file or name from which the experiment came.
    package var source: String
    /// From 1, where it is known.
    package var line: Int?
    /// The key, such as `model.layers[2].dense.units`; empty for the whole.
    package var key: String
    package var problem: Problem

    package init(source: String, line: Int? = nil, key: String = "", problem: Problem) {
        self.source = source
        self.line = line
        self.key = key
        self.problem = problem
    }

    package var description: String {
        if case .unknownExperiment(let name, let nearest, let shipped) = problem {
            let hint = nearest.map { "did you mean \($0)? " } ?? ""
            return "no experiment is named \(quoted(name)) and no file is there; \(hint)"
                + "shipped are \(shipped.joined(separator: ", ")), or give the path of a YAML file"
        }
        let place = line.map { "\(quoted(source)), line \($0)" } ?? quoted(source)
        return "\(place): \(key.isEmpty ? "" : "\(escaped(key)): ")\(explanation)"
    }

    private var explanation: String {
        switch problem {
        case .unreadable(let reason): "cannot be read: \(reason); check the path"
        case .tooLarge(let limit): "is longer than \(limit) bytes, the most that an experiment may have; shorten it"
        case .syntax(let text): "is not a valid experiment: \(escaped(text)); correct the YAML"
        case .unknownKey(let key, let nearest, let allowed):
            "unknown key \(quoted(key)); "
                + (nearest.map { "did you mean \(quoted($0))?" } ?? "known here: \(allowed.joined(separator: ", "))")
        case .missingKey(let key): "the key \(quoted(key)) is missing; add it"
        case .wrongType(let expected, let found): "expected \(expected), found \(escaped(found))"
        case .outOfRange(let expected, let found): "must be \(expected), not \(escaped(found))"
        case .unknownValue(let value, let nearest, let allowed):
            "unknown value \(quoted(value)); " + (nearest.map { "did you mean \(quoted($0))? " } ?? "")
                + "known: \(allowed.joined(separator: ", "))"
        case .unknownExperiment: ""
        }
    }
}
