package import Core
internal import Yams

/// Turns YAML text into nodes.
///
/// A text without anchors and aliases only: an alias could make a short text enormous. The YAML library refuses more
/// than 1000 levels of nesting.
package enum YAMLText {
    /// Why text is refused.
    package struct Failure: Error, Sendable, Equatable {
        /// From 1, where it is known.
        package let line: Int?
        package let problem: String
    }

    /// The root of a text. `noun` names such texts in the error about anchors, as in "experiments".
    package static func root(of text: String, noun: String) throws(Failure) -> SettingNode {
        if let line = lineOfAnchor(in: text) {
            throw Failure(line: line, problem: "anchors and aliases (& and *) are not used in \(noun)")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw failure(error)
        }
        guard let node else { throw Failure(line: nil, problem: "it is empty") }
        return SettingNode(node)
    }

    /// The first line with "&" or "*" where an anchor or alias could begin. Only the letters around the mark count, so
    /// that quoted text may be refused too, but nothing passes that the YAML library takes for an anchor.
    private static func lineOfAnchor(in text: String) -> Int? {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            if line.first(where: { $0 != UInt8(ascii: " ") }) == UInt8(ascii: "#") { continue }
            var previous = UInt8(ascii: " ")
            var mark = false
            for byte in line {
                if mark, isNameByte(byte) { return index + 1 }
                mark = (byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*")) && !isNameByte(previous)
                previous = byte
            }
        }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        let scalar = Unicode.Scalar(byte)
        return byte >= 0x80 || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            || ("0"..."9").contains(scalar) || scalar == "_" || scalar == "-"
    }

    private static func failure(_ error: any Error) -> Failure {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            Failure(line: mark.line, problem: problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            Failure(
                line: context.mark.line,
                problem: "the key \(duplicates.map { quoted($0) }.joined(separator: ", ")) occurs twice")
        case .reader(let problem, _, _, _): Failure(line: nil, problem: problem)
        default: Failure(line: nil, problem: "it cannot be parsed")
        }
    }
}

extension SettingNode {
    fileprivate init(_ node: Node) {
        let content: Content
        switch node {
        case .scalar(let scalar): content = .scalar(scalar.string, Style(scalar.style))
        case .sequence(let sequence): content = .list(sequence.map { SettingNode($0) })
        case .mapping(let mapping):
            content = .mapping(mapping.map { Pair(key: SettingNode($0.key), value: SettingNode($0.value)) })
        case .alias: content = .alias
        }
        self.init(content, line: node.mark?.line)
    }
}

extension SettingNode.Style {
    fileprivate init(_ style: Node.Scalar.Style) {
        self =
            switch style {
            case .plain: .plain
            case .singleQuoted, .doubleQuoted: .quoted
            default: .block
            }
    }
}
