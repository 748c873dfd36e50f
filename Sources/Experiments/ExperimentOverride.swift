import Core
import YAML

/// A value that replaces one of an experiment's text: `optimizer.adam.learning_rate=0.01`.
///
/// The key is the path that errors name: names with dots between them, and `[N]` for the element N of a list, from 0.
/// The value is YAML. Names that the text lacks are added; the experiment is then read as strictly as any other.
package struct ExperimentOverride: Sendable, Equatable {
    /// As the user gave it.
    package let text: String
    /// The key as errors name it.
    package let key: String
    let path: [Step]
    let value: SettingNode

    enum Step: Sendable, Equatable {
        case name(String)
        case element(Int)
    }

    /// The most steps of a path. No setting lies deeper, and the tree is changed by recursion.
    private static let stepLimit = 32

    /// - Throws: `ExperimentError` for text that is not KEY=VALUE.
    package init(_ text: String) throws(ExperimentError) {
        func failure(_ reason: String) -> ExperimentError { Self.failure(of: text, reason) }
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw failure("give KEY=VALUE, such as batch_size=64; --set help lists the keys")
        }
        let key = String(text[..<equals])
        guard let path = Self.steps(of: key) else {
            throw failure(
                "\(quoted(key)) is not a key, such as model.layers[0].conv2d.filters; --set help lists the keys")
        }
        let root: SettingNode
        do {
            root = try YAMLText.root(of: String(text[text.index(after: equals)...]), noun: "experiments")
        } catch {
            throw failure("the value cannot be read: \(error.problem)")
        }
        guard path.count <= Self.stepLimit else { throw failure("the key has more than \(Self.stepLimit) parts") }
        self.text = text
        self.key = key
        self.path = path
        value = root.withoutLines
    }

    /// Whether the value at `key`, as errors name it, is a part of this one.
    func decides(_ key: String) -> Bool {
        key.hasPrefix(self.key)
            && (key.count == self.key.count || ".[".contains(key.dropFirst(self.key.count).prefix(1)))
    }

    private static func steps(of key: String) -> [Step]? {
        var steps: [Step] = []
        for part in key.split(separator: ".", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            guard let name = pieces.first, SettingName.isValid(String(name)) else { return nil }
            steps.append(.name(String(name)))
            for piece in pieces.dropFirst() {
                guard piece.last == "]", let index = Int(piece.dropLast()), index >= 0 else { return nil }
                steps.append(.element(index))
            }
        }
        return steps
    }
}

extension SettingNode {
    /// The tree with the override's value in its place.
    func replacing(with override: ExperimentOverride) throws(ExperimentError) -> SettingNode {
        try replacing(override.path[...], of: override)
    }

    private func replacing(
        _ path: ArraySlice<ExperimentOverride.Step>, of override: ExperimentOverride
    ) throws(ExperimentError) -> SettingNode {
        switch path.first {
        case nil: return override.value
        case .name(let name):
            var pairs = try entries(before: name, override)
            let place = pairs.firstIndex { $0.key.scalarText == name }
            let old = place.map { pairs[$0].value } ?? SettingNode(.mapping([]), line: nil)
            let pair = Pair(
                key: SettingNode(.scalar(name, .plain), line: place.flatMap { pairs[$0].key.line }),
                value: try old.replacing(path.dropFirst(), of: override))
            if let place { pairs[place] = pair } else { pairs.append(pair) }
            return SettingNode(.mapping(pairs), line: line)
        case .element(let index):
            guard case .list(var nodes) = content, nodes.indices.contains(index) else {
                throw override.failure("there is no element \(index) in the list")
            }
            nodes[index] = try nodes[index].replacing(path.dropFirst(), of: override)
            return SettingNode(.list(nodes), line: line)
        }
    }

    /// The pairs of a mapping; a bare name, such as `adam`, is one without settings.
    private func entries(before name: String, _ override: ExperimentOverride) throws(ExperimentError) -> [Pair] {
        switch content {
        case .mapping(let pairs): return pairs
        case .scalar(name, _): return [Pair(key: self, value: SettingNode(.mapping([]), line: line))]
        case .scalar(let text, _):
            throw override.failure(
                "\(quoted(name)) does not fit: the value there is \(quoted(text)); replace that as a whole")
        default: throw override.failure("\(quoted(name)) does not fit: the value there is a list; give [N]")
        }
    }

    /// The same content without places in a text: it came from a flag.
    fileprivate var withoutLines: SettingNode {
        switch content {
        case .scalar, .alias: SettingNode(content, line: nil)
        case .list(let nodes): SettingNode(.list(nodes.map(\.withoutLines)), line: nil)
        case .mapping(let pairs):
            SettingNode(
                .mapping(pairs.map { Pair(key: $0.key.withoutLines, value: $0.value.withoutLines) }), line: nil)
        }
    }
}

extension ExperimentOverride {
    /// How errors name it.
    var source: String { Self.source(of: text) }

    private static func source(of text: String) -> String { "--set \(escaped(text))" }

    private static func failure(of text: String, _ reason: String) -> ExperimentError {
        ExperimentError(source: source(of: text), problem: .unusableOverride(reason))
    }

    fileprivate func failure(_ reason: String) -> ExperimentError { Self.failure(of: text, reason) }
}
