internal import Yams

/// A mapping whose keys have been checked against those that are known.
struct YAMLMapping {
    private let field: YAMLField
    private let values: [String: YAMLField]
    /// The keys in the order of the text.
    let keys: [String]

    /// A mapping with the keys in `allowed` only; nil takes any.
    init(_ field: YAMLField, allowed: [String]?, expected: String = "a mapping") throws(ExperimentError) {
        guard case .mapping(let mapping) = field.node else { throw field.wrongType(expected) }
        var values: [String: YAMLField] = [:]
        var keys: [String] = []
        for (keyNode, valueNode) in mapping {
            let keyField = YAMLField(node: keyNode, source: field.source, key: field.key)
            guard case .scalar(let scalar) = keyNode else { throw keyField.wrongType("a name before the colon") }
            let key = scalar.string
            if let allowed, !allowed.contains(key) {
                throw keyField.failure(
                    .unknownKey(key, nearest: NearestName.of(key, among: allowed), allowed: allowed))
            }
            values[key] = YAMLField(
                node: valueNode, source: field.source, key: field.key.isEmpty ? key : "\(field.key).\(key)")
            keys.append(key)
        }
        self.field = field
        self.values = values
        self.keys = keys
    }

    /// The value of a key that must be there.
    func required(_ key: String) throws(ExperimentError) -> YAMLField {
        guard let value = values[key] else { throw field.failure(.missingKey(key)) }
        return value
    }

    /// The value of a key that may be left out.
    func optional(_ key: String) -> YAMLField? { values[key] }
}
