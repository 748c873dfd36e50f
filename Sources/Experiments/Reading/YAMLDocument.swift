import Core
internal import Yams

/// Turns text into YAML nodes within bounds: length, nesting (the YAML library refuses more than 1000 levels), and no
/// anchors, whose aliases could make a short text enormous.
enum YAMLDocument {
    /// The longest text, in bytes.
    static let byteLimit = 1 << 20

    static func root(of text: String, source: String) throws(ExperimentError) -> Node {
        guard text.utf8.count <= byteLimit else {
            throw ExperimentError(source: source, problem: .tooLarge(byteLimit: byteLimit))
        }
        if let line = lineOfAnchor(in: text) {
            let text = "anchors and aliases (& and *) are not used in experiments"
            throw ExperimentError(source: source, line: line, problem: .syntax(text))
        }
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw ExperimentError(source: source, problem: .syntax("it is empty"))
            }
            return node
        } catch let error as ExperimentError {
            throw error
        } catch {
            throw syntaxError(error, source)
        }
    }

    /// The first line with "&" or "*" where an anchor or alias could begin. It is judged by letters alone, so quoted
    /// text may be refused too, but nothing passes that the YAML library would take for one.
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

    private static func syntaxError(_ error: any Error, _ source: String) -> ExperimentError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ExperimentError(source: source, line: mark.line, problem: .syntax(problem))
        case .duplicatedKeysInMapping(let duplicates, let context):
            ExperimentError(
                source: source, line: context.mark.line,
                problem: .syntax("the key \(duplicates.map { quoted($0) }.joined(separator: ", ")) stands twice"))
        case .reader(let problem, _, _, _): ExperimentError(source: source, problem: .syntax(problem))
        default: ExperimentError(source: source, problem: .syntax("it cannot be parsed"))
        }
    }
}
