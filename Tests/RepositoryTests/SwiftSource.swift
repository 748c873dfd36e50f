/// A Swift file's text, and what can be read off it without a parser.
struct SwiftSource {
    let text: String

    /// The modules named by the file's `import` lines, in order.
    var imports: [String] {
        code.split(separator: "\n").compactMap { Self.importedModule(inLine: $0) }
    }

    /// The text without comments and without the content of string literals; line breaks stay, so that line numbers
    /// hold. The content of an interpolation is code and is kept.
    var code: String {
        var reader = CodeReader(text: Array(text))
        return reader.readAll()
    }

    private static func importedModule(inLine line: Substring) -> String? {
        let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        var words = line.split(whereSeparator: \.isWhitespace)[...]
        while let word = words.first, word.hasPrefix("@") || modifiers.contains(word) {
            words.removeFirst()
        }
        guard words.popFirst() == "import" else { return nil }
        if let kind = words.first, kinds.contains(kind) {
            words.removeFirst()
        }
        return words.first?.split(separator: ".").first.map(String.init)
    }
}

/// Reads Swift text and keeps only its code.
private struct CodeReader {
    let text: [Character]
    var position = 0
    var output = ""

    mutating func readAll() -> String {
        while position < text.count {
            readCode(untilClosingParenthesis: false)
        }
        return output
    }

    private func follows(_ word: String) -> Bool {
        text[position...].starts(with: word)
    }

    /// Reads code to the end of the text, or past the parenthesis that closes an interpolation.
    private mutating func readCode(untilClosingParenthesis: Bool) {
        var depth = 0
        while position < text.count {
            if follows("//") {
                skipLineComment()
            } else if follows("/*") {
                skipBlockComment()
            } else if text[position] == "\"" || opensRawString {
                skipString()
            } else {
                let character = text[position]
                depth += character == "(" ? 1 : character == ")" ? -1 : 0
                output.append(character)
                position += 1
                if untilClosingParenthesis && depth < 0 { return }
            }
        }
    }

    private var opensRawString: Bool {
        guard text[position] == "#" else { return false }
        let next = text[position...].first { $0 != "#" }
        return next == "\""
    }

    private mutating func skipLineComment() {
        while position < text.count, text[position] != "\n" {
            position += 1
        }
    }

    private mutating func skipBlockComment() {
        var depth = 0
        while position < text.count {
            if follows("/*") {
                depth += 1
                position += 2
            } else if follows("*/") {
                depth -= 1
                position += 2
                if depth == 0 { return }
            } else {
                if text[position] == "\n" { output.append("\n") }
                position += 1
            }
        }
    }

    /// Skips a literal, from its opening quote past its closing one; an empty literal takes its place.
    private mutating func skipString() {
        let hashes = String(text[position...].prefix { $0 == "#" })
        position += hashes.count
        let quote = follows("\"\"\"") ? "\"\"\"" : "\""
        position += quote.count
        let end = quote + hashes
        let escape = "\\" + hashes
        output += "\"\""
        while position < text.count, !follows(end) {
            if follows(escape + "(") {
                position += escape.count
                output.append("(")
                position += 1
                readCode(untilClosingParenthesis: true)
            } else if follows(escape) {
                position += escape.count + 1
            } else {
                if text[position] == "\n" { output.append("\n") }
                position += 1
            }
        }
        position += end.count
    }
}
