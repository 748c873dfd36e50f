/// Fills in a group's settings from a mapping. A missing key keeps its default.
private struct SettingsReader: SettingVisitor {
    /// The mapping, or the bare name of a kind.
    private let node: SettingNode
    private let mapping: SettingMapping?
    private let name: String?

    /// Reads from `node`, whose mapping may have only the keys in `keys`.
    init(_ node: SettingNode, keys: [String]) throws(SettingError) {
        self.node = node
        mapping = try node.mapping(allowed: keys)
        name = nil
    }

    /// Reads a kind that is a bare name.
    init(bare name: String, _ node: SettingNode) {
        self.node = node
        mapping = nil
        self.name = name
    }

    /// Reads a kind that has one value instead of a mapping.
    init(value node: SettingNode) {
        self.node = node
        mapping = nil
        name = nil
    }

    mutating func visit<Value>(
        key: String?, _ value: inout Value, _ format: SettingFormat<Value>, _ presence: SettingPresence,
        fallback: (value: Value, text: String)?, _ documentation: String
    ) throws(SettingError) {
        guard let key else {
            if let name { throw node.wrongType("\(name): and its value") }
            value = try format.read(node)
            return
        }
        if let found = mapping?.optional(key) {
            value = try format.read(found)
        } else if case .required = presence {
            throw node.failure(.missingKey(key))
        } else if let fallback {
            value = fallback.value
        }
    }
}

extension SettingsGroup {
    /// The group from a mapping of its settings.
    package init(reading node: SettingNode) throws(SettingError) {
        self.init()
        try read(node)
    }

    fileprivate mutating func read(_ node: SettingNode) throws(SettingError) {
        let descriptions = settingDescriptions
        var reader =
            if descriptions.count == 1, descriptions[0].key == nil {
                SettingsReader(value: node)
            } else {
                try SettingsReader(node, keys: descriptions.compactMap(\.key))
            }
        try visitSettings(&reader)
        guard let conflict else { return }
        throw (try node.mapping(allowed: nil).optional(conflict.key) ?? node).failure(.conflict(conflict.reason))
    }
}

/// A kind that an experiment names, found in a list of kinds but not yet read.
package struct KindChoice: Sendable {
    /// The place in the list.
    package let index: Int
    /// The name by which the experiment calls it.
    package let key: String
    /// The node after the name; nil for a bare name.
    fileprivate let settings: SettingNode?
    fileprivate let node: SettingNode
}

extension SettingNode {
    /// Finds the kind that the node names: a bare name, or a mapping with one name. Errors name `noun` as expected, as
    /// in "an optimizer", or `one` where a mapping has several names, as in "one optimizer".
    package func choice(
        of kinds: [any SettingsKind.Type], _ noun: String, one: String
    ) throws(SettingError) -> KindChoice {
        let names = kinds.flatMap { $0.keys }
        if isScalar {
            let name = try word(noun)
            guard let index = kinds.firstIndex(where: { $0.keys.contains(name) }) else {
                throw unknownValue(name, names)
            }
            return KindChoice(index: index, key: name, settings: nil, node: self)
        }
        let mapping = try mapping(allowed: names, expected: noun)
        guard let name = mapping.keys.first, mapping.keys.count == 1,
            let index = kinds.firstIndex(where: { $0.keys.contains(name) })
        else { throw wrongType(one) }
        let settings = try mapping.required(name)
        return KindChoice(index: index, key: name, settings: settings.isEmpty ? nil : settings, node: self)
    }
}

extension SettingsKind {
    /// The kind with the settings that follow its name.
    package init(reading choice: KindChoice) throws(SettingError) {
        self = Self.defaults(for: choice.key)
        if let settings = choice.settings {
            try read(settings)
        } else {
            var reader = SettingsReader(bare: choice.key, choice.node)
            try visitSettings(&reader)
        }
    }
}
