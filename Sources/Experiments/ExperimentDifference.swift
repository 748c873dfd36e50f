import Core
import YAML

extension Experiment {
    /// The settings that decide bits and differ from `other`, such as "seed is 1, not 2", in the order of the canonical
    /// form. Empty for experiments with equal digests.
    package func differences(from other: Experiment) -> [String] {
        guard digest != other.digest, let left = settings, let right = other.settings else { return [] }
        let values = Dictionary(right.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        let keys = Set(left.map(\.key))
        let changed = left.compactMap { key, text -> String? in
            guard let value = values[key] else { return "\(key) is \(text) and was not there" }
            return value == text ? nil : "\(key) is \(text), not \(value)"
        }
        return changed + right.filter { !keys.contains($0.key) }.map { "\($0.key) is not there and was \($0.value)" }
    }

    private static let describingKeys = ["epochs", "title", "published"]

    /// All scalars with their paths.
    private var settings: [(key: String, value: String)]? {
        guard let root = try? YAMLText.root(of: canonicalForm, noun: "experiments") else { return nil }
        return Self.scalars(of: root, at: "").filter { setting in
            !Self.describingKeys.contains { setting.key == $0 || setting.key.hasPrefix($0 + ".") }
        }
    }

    private static func scalars(of node: SettingNode, at path: String) -> [(key: String, value: String)] {
        switch node.content {
        case .scalar(let text, _): [(path, text)]
        case .alias: []
        case .list(let nodes):
            nodes.allSatisfy(\.isScalar)
                ? [(path, "[" + nodes.compactMap(\.scalarText).joined(separator: ", ") + "]")]
                : nodes.enumerated().flatMap { scalars(of: $1, at: "\(path)[\($0)]") }
        case .mapping(let pairs):
            pairs.flatMap { pair in
                let key = pair.key.scalarText ?? "?"
                return scalars(of: pair.value, at: path.isEmpty ? key : "\(path).\(key)")
            }
        }
    }
}

extension Experiment {
    /// The line of a layer (from 1) in an experiment's file; nil where it cannot be told, as behind `vgg16`, which is
    /// many layers.
    package static func line(ofLayer number: Int, inFile path: String) -> Int? {
        guard let bytes = try? BoundedFile.read(path, byteLimit: byteLimit),
            let root = try? YAMLText.root(of: String(decoding: bytes, as: UTF8.self), noun: "experiments"),
            let model = try? root.mapping(allowed: nil).required("model"),
            let layers = try? model.mapping(allowed: nil).required("layers").elements("a list"),
            layers.indices.contains(number - 1)
        else { return nil }
        let isExpanded = layers.prefix(number).contains { node in
            if let text = node.scalarText { return text == VGG16.key }
            return (try? node.mapping(allowed: nil).keys.contains(VGG16.key)) ?? false
        }
        return isExpanded ? nil : layers[number - 1].line
    }
}
