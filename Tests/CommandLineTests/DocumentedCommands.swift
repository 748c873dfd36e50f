import ArgumentParser
import Faults

@testable import SelvedgeCommand

/// The command lines of a document in Markdown, checked by the program's own parser.
///
/// A command line is a line of a code block after a prompt, such as `$ ` or `host1$ `, or one that begins with the
/// program's name; or a code span in the text. `scripts/train` counts as `selvedge train`. In a table whose header has
/// "flag of `selvedge NAME`", the first column has flags of that command.
struct DocumentedCommands {
    /// One command line: its words after `selvedge`.
    struct Line {
        let number: Int
        let arguments: [String]
        /// In running text a command may be named without its arguments.
        let isSpan: Bool
    }

    private(set) var lines: [Line] = []

    init(_ text: String) {
        var block: (isShell: Bool, pending: String)?
        var flagCommand: [String]?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let number = index + 1
            if line.hasPrefix("```") {
                block = block == nil ? (["```", "```console"].contains(line), "") : nil
            } else if let open = block {
                guard open.isShell else { continue }
                let whole = open.pending + line
                if whole.hasSuffix("\\") {
                    block?.pending = whole.dropLast() + " "
                } else {
                    block?.pending = ""
                    addBlockLine(whole, number)
                }
            } else {
                flagCommand = line.hasPrefix("|") ? flagCommand ?? Self.flagCommand(header: line) : nil
                addSpans(of: line, number, flagCommand)
            }
        }
    }

    /// A message for each command line that the program would refuse.
    var problems: [String] {
        lines.flatMap { line in
            Synopsis(line.arguments).variants.compactMap { words in
                Self.problem(of: words, isSpan: line.isSpan).map {
                    "line \(line.number): selvedge \(words.joined(separator: " ")): \($0)"
                }
            }
        }
    }

    // MARK: Finding

    private mutating func addBlockLine(_ line: String, _ number: Int) {
        var command = Substring(line)
        if let prompt = line.firstRange(of: "$ "), line[..<prompt.lowerBound].allSatisfy({ $0.isLetter || $0.isNumber })
        {
            command = line[prompt.upperBound...]
        } else if !["selvedge ", "scripts/"].contains(where: line.hasPrefix) {
            return
        }
        add(ShellText.commands(in: String(command)), number, isSpan: false)
    }

    private mutating func addSpans(of line: Substring, _ number: Int, _ flagCommand: [String]?) {
        let firstCell = flagCommand == nil ? "" : line.dropFirst().prefix { $0 != "|" }
        for span in Self.spans(of: line) {
            let text = span.replacing("\\|", with: "|")
            if let flagCommand, span.hasPrefix("--"), firstCell.contains("`\(span)`") {
                add([["selvedge"] + flagCommand + text.split(separator: " ").map(String.init)], number, isSpan: false)
            } else {
                add(ShellText.commands(in: text), number, isSpan: true)
            }
        }
    }

    private mutating func add(_ commands: [[String]], _ number: Int, isSpan: Bool) {
        for words in commands {
            if let program = words.firstIndex(where: { $0 == "selvedge" || $0.hasSuffix("/selvedge") }) {
                let arguments = Array(words[(program + 1)...])
                if !arguments.isEmpty { lines.append(Line(number: number, arguments: arguments, isSpan: isSpan)) }
            } else if words.first == "scripts/train" {
                lines.append(Line(number: number, arguments: ["train"] + words.dropFirst(), isSpan: isSpan))
            }
        }
    }

    private static func spans(of line: Substring) -> [String] {
        line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    private static func flagCommand(header: Substring) -> [String]? {
        guard header.hasPrefix("| flag of `selvedge ") else { return nil }
        return spans(of: header).first?.split(separator: " ").dropFirst().map(String.init)
    }

    // MARK: Checking

    private static func problem(of words: [String], isSpan: Bool) -> String? {
        if isSpan && isCommandName(words) { return nil }
        do {
            _ = try SelvedgeCommand.Selvedge.parseAsRoot(words)
        } catch {
            // Help is thrown, too.
            let isHelp = SelvedgeCommand.Selvedge.exitCode(for: error) == .success
            return isHelp ? nil : SelvedgeCommand.Selvedge.message(for: error)
        }
        for (flag, text) in zip(words, words.dropFirst()) where flag == "--fault" && text != Synopsis.placeholderValue {
            do {
                _ = try Fault(parsing: text)
            } catch {
                return "\(error)"
            }
        }
        return nil
    }

    /// Whether the words are the name of a command and nothing else.
    private static func isCommandName(_ words: [String]) -> Bool {
        var command: any ParsableCommand.Type = SelvedgeCommand.Selvedge.self
        for word in words {
            guard let next = command.configuration.subcommands.first(where: { $0._commandName == word }) else {
                return false
            }
            command = next
        }
        return true
    }
}

/// A command line that may have optional parts in brackets, alternatives and placeholders: `verify RUN [--epoch N | --all]`.
struct Synopsis {
    /// What a placeholder becomes: text and number.
    static let placeholderValue = "1"

    /// The command without its optional parts, then with one of them each.
    let variants: [[String]]

    init(_ words: [String]) {
        var depth = 0
        var required: [String] = []
        var options: [[String]] = []
        for word in words {
            if depth == 0 && word.hasPrefix("[") { options.append([]) }
            let isOptional = depth > 0 || word.hasPrefix("[")
            depth += word.count { $0 == "[" } - word.count { $0 == "]" }
            let plain = word.filter { !"[]…".contains($0) }
            if !isOptional {
                required.append(Self.value(plain))
            } else if plain == "|" {
                options.append([])
            } else {
                options[options.count - 1].append(Self.value(plain))
            }
        }
        variants = [required] + options.map { required + $0 }
    }

    private static func value(_ word: String) -> String {
        let isPlaceholder = !word.isEmpty && word.allSatisfy { $0.isUppercase || $0 == "_" }
        return isPlaceholder ? placeholderValue : word
    }
}

/// The words of a line of shell.
enum ShellText {
    /// The simple commands of a line: those between `;`, `&`, `|` and parentheses. A variable is the text `1`.
    ///
    /// In brackets, as a synopsis has them, `|` is a word. Redirections and comments are left out.
    static func commands(in line: String) -> [[String]] {
        var commands: [[String]] = [[]]
        var word: String?
        var quote: Character?
        var bracketDepth = 0
        func finishWord() {
            if let finished = word { commands[commands.count - 1].append(finished) }
            word = nil
        }
        var characters = line[...]
        while let character = characters.popFirst() {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
                continue
            }
            bracketDepth += character == "[" ? 1 : character == "]" ? -1 : 0
            switch character {
            case "'", "\"":
                quote = character
                word = word ?? ""
            case "#" where word == nil: return commands.filter { !$0.isEmpty }
            case " ": finishWord()
            case "|" where bracketDepth > 0:
                finishWord()
                word = "|"
                finishWord()
            case ";", "&", "|", "(", ")":
                finishWord()
                commands.append([])
            case "$":
                characters = characters.drop { $0.isLetter }
                word = (word ?? "") + "1"
            default: word = (word ?? "") + String(character)
            }
        }
        finishWord()
        return commands.filter { !$0.isEmpty }
    }
}
