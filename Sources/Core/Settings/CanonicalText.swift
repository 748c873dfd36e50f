/// Writes settings in the canonical form: `{key: value, key: value}` on one line, in the order of the declaration.
///
/// The text is part of checkpoints, so that its bytes for given settings must never change.
private struct SettingsWriter: SettingVisitor {
    struct Entry {
        let key: String?
        let text: String
        let presence: SettingPresence
    }

    private(set) var entries: [Entry] = []

    mutating func visit<Value>(
        key: String?, _ value: inout Value, _ format: SettingFormat<Value>, _ presence: SettingPresence,
        fallback: (value: Value, text: String)?, _ documentation: String
    ) throws(Never) {
        entries.append(Entry(key: key, text: format.text(value), presence: presence))
    }

    static func entries(_ group: some SettingsGroup) -> [Entry] {
        var (group, writer) = (group, SettingsWriter())
        group.visitSettings(&writer)
        return writer.entries
    }

    /// The settings of `group` that are written, next to those of the defaults.
    static func written<Group: SettingsGroup>(_ group: Group, defaults: Group) -> [Entry] {
        let pairs = zip(entries(group), entries(defaults)).map { entry, standard in
            (entry: entry, isChanged: normalized(entry.text) != normalized(standard.text))
        }
        let writesTogether = pairs.contains { pair in
            if case .together = pair.entry.presence { pair.isChanged } else { false }
        }
        return pairs.compactMap { pair in
            switch pair.entry.presence {
            case .required, .always: pair.entry
            case .whenChanged: pair.isChanged ? pair.entry : nil
            case .together: writesTogether ? pair.entry : nil
            }
        }
    }

    /// Minus zero equals zero.
    private static func normalized(_ text: String) -> String { text == "-0.0" ? "0.0" : text }

    static func mapping(_ entries: [Entry]) -> String {
        "{" + entries.map { entry in entry.key.map { "\($0): \(entry.text)" } ?? entry.text }.joined(separator: ", ")
            + "}"
    }
}

extension SettingsGroup {
    /// The settings as a mapping on one line.
    package var canonicalSettings: String {
        SettingsWriter.mapping(SettingsWriter.written(self, defaults: Self()))
    }
}

extension SettingsGroup {
    /// The settings, each on a line or with a block below it, for a mapping in block form.
    package var canonicalLines: [String] { canonicalLines(without: []) }

    private func canonicalLines(without keys: Set<String>) -> [String] {
        SettingsWriter.written(self, defaults: Self()).compactMap { entry in
            guard let key = entry.key, !keys.contains(key) else { return nil }
            return entry.text.hasPrefix("\n") ? "\(key):\(entry.text)" : "\(key): \(entry.text)"
        }
    }

    /// The settings as a whole text, without those of some keys.
    package func canonicalBlock(without keys: Set<String> = []) -> String {
        canonicalLines(without: keys).map { $0 + "\n" }.joined()
    }
}

extension SettingsKind {
    /// The kind with its settings on one line: a bare name when no setting is written.
    package var canonicalText: String {
        let entries = SettingsWriter.written(self, defaults: Self.defaults(for: key))
        guard let first = entries.first else { return key }
        return first.key == nil ? "\(key): \(first.text)" : "\(key): \(SettingsWriter.mapping(entries))"
    }

    /// The kind as the value of a key on one line: a bare name, or a mapping of the name to its settings.
    package var canonicalValue: String {
        let text = canonicalText
        return text == key ? text : "{\(text)}"
    }
}

/// Pieces of the canonical form.
package enum CanonicalText {
    /// A value in block form below its key: each line on a line of its own, indented, with the blocks inside it. Empty
    /// for no lines.
    package static func block(_ lines: [String]) -> String {
        lines.map { "\n  " + $0.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  ") }
            .joined()
    }

    /// Text in double quotes with YAML's escapes; "&" and "*" are escaped too, because the reader refuses what looks
    /// like an anchor.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..<"\u{20}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FEFF}", "&", "*":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
