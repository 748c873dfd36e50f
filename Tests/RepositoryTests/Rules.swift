/// A file of the repository: its path relative to the root, its text, and whether it may be executed.
struct RepositoryFile {
    let path: String
    let text: String
    let isExecutable: Bool

    init(_ path: String, _ text: String, isExecutable: Bool = false) {
        self.path = path
        self.text = text
        self.isExecutable = isExecutable
    }
}

/// The rules that every file obeys. Each returns one line for each place where a file breaks it.
enum Rules {
    static let lineLimit = 500
    /// A file of at most so many lines is a crumb: it belongs into the file of the concept that it serves.
    static let crumbLineLimit = 30
    /// The share of crumbs among the Swift files under Sources, in per cent. This number may only fall.
    static let crumbPercentLimit = 6.0
    /// The number of files under Sources that hold a piece of a type's logic. This number may only fall; the aim is 0.
    static let pieceLimit = 5
    /// What may follow the plus sign in a file's name: a conformance, or a layer of API.
    static let layerNames: Set<String> = [
        "CanonicalForm", "Checks", "Codec", "Coding", "Description", "Encoding", "Decoding", "HTML", "JSON", "Keras",
        "Parsing",
        "Text", "TorchLayout", "YAML",
    ]

    static func brokenImports(_ file: RepositoryFile, _ table: ImportTable) -> [String] {
        let path = file.path.dropFirst("Sources/".count)
        guard let module = table.module(ofFile: String(path)) else {
            return ["\(file.path): belongs to no module of the import table"]
        }
        let allowed = table.allowedImports(of: module)
        return SwiftSource(text: file.text).imports.filter { !allowed.contains($0) }.map {
            "\(file.path): \(module) may not import \($0)"
        }
    }

    static func tooLong(_ file: RepositoryFile) -> [String] {
        let count = file.text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
        return count > lineLimit ? ["\(file.path): \(count) lines; \(lineLimit) are allowed"] : []
    }

    /// The files of at most `crumbLineLimit` lines.
    static func crumbs(_ files: [RepositoryFile]) -> [String] {
        files.filter { $0.text.count { $0 == "\n" } <= crumbLineLimit }.map(\.path)
    }

    /// The files named `Type+Concern.swift` whose concern is neither a conformance nor a layer of API.
    static func pieces(_ files: [RepositoryFile]) -> [String] {
        files.map(\.path).filter { path in
            let name = path.split(separator: "/").last?.dropLast(".swift".count) ?? ""
            guard let plus = name.firstIndex(of: "+") else { return false }
            return !layerNames.contains(String(name[name.index(after: plus)...]))
        }
    }

    /// The rows "| `Module` | `Imported`, … |" of a map of modules that differ from the table.
    static func wrongMap(_ file: RepositoryFile, _ table: ImportTable) -> [String] {
        var mapped: [String: Set<String>] = [:]
        for line in file.text.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { cell in
                cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                    .filter { $0.offset % 2 == 1 }.map { String($0.element) }
            }
            if let module = cells.first?.first, cells.count > 1 { mapped[module] = Set(cells[1]) }
        }
        return table.rules.sorted { $0.key < $1.key }.compactMap { module, rule in
            let imports = Set(rule.modules)
            guard mapped[module] != imports else { return nil }
            let row = rule.modules.map { "`\($0)`" }.joined(separator: ", ")
            return "\(file.path): Package.swift requires the row | `\(module)` | \(row) |"
        }
            + mapped.keys.filter { table.rules[$0] == nil }.sorted().map {
                "\(file.path): \($0) is no module of Package.swift"
            }
    }

    /// A type that users of the library see.
    struct PublicType {
        /// File and line.
        let place: String
        /// Whether its documentation has a block of code, which scripts/examples has compiled.
        let hasExample: Bool
    }

    static func publicTypes(_ file: RepositoryFile) -> [PublicType] {
        let kinds = ["struct", "enum", "class", "final class", "protocol", "actor", "typealias"]
        let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line.drop { $0 == " " })
        }
        return lines.indices.compactMap { index in
            guard kinds.contains(where: { lines[index].hasPrefix("public \($0) ") }) else { return nil }
            let documentation = lines[..<index].reversed().prefix { $0.hasPrefix("///") || $0.hasPrefix("@") }
            return PublicType(
                place: "\(file.path):\(index + 1)", hasExample: documentation.contains("/// ```swift"))
        }
    }

    /// `try!`, `as!`, a force unwrap or an implicitly unwrapped type: a `!` right after a name or a closing bracket.
    static func traps(_ file: RepositoryFile) -> [String] {
        var findings: [String] = []
        for (number, line) in SwiftSource(text: file.text).code.numberedLines {
            let characters = Array(line)
            for index in characters.indices where characters[index] == "!" && index > 0 {
                let before = characters[index - 1]
                let isOperator = index + 1 < characters.count && characters[index + 1] == "="
                let isPostfix = before.isLetter || before.isNumber || "_)]}?\"`>".contains(before)
                if isPostfix && !isOperator {
                    findings.append("\(file.path):\(number): a value is unwrapped or tried by force")
                }
            }
        }
        return findings
    }

    /// Words that mark unfinished work. They are put together here, so that this file does not contain them.
    static func unfinishedWork(_ file: RepositoryFile) -> [String] {
        let words: Set<String> = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
        return file.text.numberedLines.compactMap { number, line in
            let found = line.split { !$0.isLetter && $0 != "_" }.first { words.contains(String($0)) }
            return found.map { "\(file.path):\(number): \($0) marks unfinished work" }
        }
    }

    /// Paths that exist on one machine only.
    static func machinePaths(_ file: RepositoryFile) -> [String] {
        let folders = ["home", "root", "work", "Users"]
        return file.text.numberedLines.compactMap { number, line in
            let found = folders.first { Self.isAbsolute("/\($0)/", in: line) }
            return found.map { "\(file.path):\(number): /\($0)/ names a folder of one machine" }
        }
    }

    /// Paths of the repository that a document names although nothing is there.
    static func missingPaths(_ document: RepositoryFile, exists: (String) -> Bool) -> [String] {
        let folders = ["scripts", "deploy", "Sources", "Tests", ".ci"]
        return document.text.numberedLines.flatMap { number, line in
            let words = line.split { !($0.isLetter || $0.isNumber || "_-./~".contains($0)) }
            let paths = words.filter { word in folders.contains { word.hasPrefix("\($0)/") } }
                .map { String($0.trimmingSuffix { "./".contains($0) }) }
            return paths.filter { !exists($0) }.map { "\(document.path):\(number): there is no \($0)" }
        }
    }

    /// True when `folder` starts a path in `line`, rather than being a part of one.
    private static func isAbsolute(_ folder: String, in line: Substring) -> Bool {
        line.ranges(of: folder).contains { range in
            guard range.lowerBound > line.startIndex else { return true }
            let before = line[line.index(before: range.lowerBound)]
            return !(before.isLetter || before.isNumber || "_-.~})".contains(before))
        }
    }

    /// A script is executable, and a shell script stops at the first error.
    static func carelessScript(_ file: RepositoryFile) -> [String] {
        guard file.text.hasPrefix("#!") else { return [] }
        var findings: [String] = []
        if !file.isExecutable {
            findings.append("\(file.path): a script without the permission to be executed")
        }
        let interpreter = file.text.prefix { $0 != "\n" }
        let stopsAtErrors = file.text.numberedLines.contains { $0.line == "set -euo pipefail" }
        if interpreter.hasSuffix("sh") && !stopsAtErrors {
            findings.append("\(file.path): a shell script without `set -euo pipefail`")
        }
        return findings
    }

    /// Entries of the top level that are neither part of the layout nor ignored by git.
    static func strayEntries(_ entries: [String], ignoreFile: String) -> [String] {
        let layout: Set<String> = ["Package.swift", "Sources", "Tests", "deploy", "scripts", "README.md"]
        let ignored = Set(
            ignoreFile.split(separator: "\n").map { line in
                String(line.hasSuffix("/") ? line.dropLast() : line)
            })
        return entries.filter { !$0.hasPrefix(".") && !layout.contains($0) && !ignored.contains($0) }
            .map { "\($0) does not belong to the top level" }
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> Substring {
        prefix(upTo: lastIndex { !isTrimmed($0) }.map { index(after: $0) } ?? startIndex)
    }
}

extension String {
    /// The lines with their numbers, the first being 1.
    var numberedLines: [(number: Int, line: Substring)] {
        split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { ($0.offset + 1, $0.element) }
    }
}
