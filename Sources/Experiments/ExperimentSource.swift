import Core
import YAML

/// The text of an experiment with the values that replace some of its own, before it is read.
package struct ExperimentSource: Sendable {
    /// The file in messages.
    package let name: String
    /// As it was written, without the overrides.
    package let text: String
    /// The text with the overrides applied.
    private let root: SettingNode
    private let overrides: [ExperimentOverride]

    /// A shipped experiment, or a file.
    package init(_ argument: String, overrides: [ExperimentOverride] = []) throws(ExperimentError) {
        if Experiment.isShipped(argument) {
            try self.init(
                text: try Experiment.shippedText(named: argument), name: "\(argument).yaml", overrides: overrides)
        } else {
            try self.init(path: try Experiment.path(argument), overrides: overrides)
        }
    }

    /// A file.
    package init(path: String, overrides: [ExperimentOverride]) throws(ExperimentError) {
        try self.init(text: try Experiment.text(path: path), name: path, overrides: overrides)
    }

    /// A text; `name` is the file in messages.
    package init(text: String, name: String, overrides: [ExperimentOverride]) throws(ExperimentError) {
        var root = try Experiment.root(yaml: text, source: name)
        for override in overrides { root = try root.replacing(with: override) }
        self.name = name
        self.text = text
        self.root = root
        self.overrides = overrides
    }

    /// The experiment. An error in a value that an override has given names the override.
    package func experiment() throws(ExperimentError) -> Experiment {
        do {
            return try Experiment(reading: root)
        } catch {
            guard error.line == nil, let override = overrides.last(where: { $0.concerns(error) }) else {
                throw ExperimentError(source: name, error)
            }
            throw ExperimentError(source: override.source, error)
        }
    }
}

extension ExperimentOverride {
    /// Whether the error is in this value or in a mapping that it has made.
    fileprivate func concerns(_ error: SettingError) -> Bool { decides(error.key) || key.hasPrefix(error.key) }
}

/// Every value of an experiment with the place that it came from.
package struct ExperimentValues: Sendable {
    package struct Entry: Sendable, Equatable {
        /// The path that errors name.
        package let key: String
        /// As YAML.
        package let value: String
        /// `A-1.yaml:12`, a flag, or `default`.
        package let source: String
    }

    package let entries: [Entry]

    /// The values of `experiment`, which `source` gave and `flags` then changed: a flag for each key that has one.
    package init(
        of experiment: Experiment, from source: ExperimentSource, flags: [String: String]
    ) throws(ExperimentError) {
        let leaves = try Experiment.root(yaml: experiment.canonicalForm, source: source.name).leaves
        let given = Dictionary(source.given.map { ($0.key, $0.line) }) { first, _ in first }
        entries = leaves.map { leaf in
            Entry(
                key: leaf.key, value: leaf.text,
                source: flags[leaf.key] ?? source.origin(of: leaf.key, given: given))
        }
    }
}

extension ExperimentSource {
    fileprivate var given: [SettingLeaf] { root.leaves }

    fileprivate func origin(of key: String, given: [String: Int?]) -> String {
        if let override = overrides.last(where: { $0.decides(key) }) { return "--set \(override.text)" }
        guard let line = given[key] else { return "default" }
        return line.map { "\(name):\($0)" } ?? name
    }
}

/// A value that is no mapping, with its path; lists of plain values are one value.
private struct SettingLeaf {
    let key: String
    let text: String
    let line: Int?
}

extension SettingNode {
    fileprivate var leaves: [SettingLeaf] { leaves(at: "") }

    private func leaves(at key: String) -> [SettingLeaf] {
        switch content {
        case .mapping(let pairs):
            return pairs.flatMap { pair in
                let name = pair.key.scalarText ?? ""
                return pair.value.leaves(at: key.isEmpty ? name : "\(key).\(name)")
            }
        case .list(let nodes) where !nodes.allSatisfy(\.isScalar) || key == "model.layers":
            return nodes.enumerated().flatMap { index, node in node.leaves(at: "\(key)[\(index)]") }
        case .list(let nodes):
            return [SettingLeaf(key: key, text: "[\(nodes.map(\.yaml).joined(separator: ", "))]", line: line)]
        case .scalar, .alias: return [SettingLeaf(key: key, text: yaml, line: line)]
        }
    }

    /// A scalar as it is written.
    private var yaml: String {
        guard case .scalar(let text, let style) = content else { return "" }
        return style == .plain ? text : CanonicalText.quoted(text)
    }
}
