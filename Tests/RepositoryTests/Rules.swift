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

    /// True when `folder` starts a path in `line`, rather than going on in one.
    private static func isAbsolute(_ folder: String, in line: Substring) -> Bool {
        line.ranges(of: folder).contains { range in
            guard range.lowerBound > line.startIndex else { return true }
            let before = line[line.index(before: range.lowerBound)]
            return !(before.isLetter || before.isNumber || "_-.~})".contains(before))
        }
    }

    /// A script can be run as it stands, and a shell script stops at the first error.
    static func carelessScript(_ file: RepositoryFile) -> [String] {
        guard file.text.hasPrefix("#!") else { return [] }
        var findings: [String] = []
        if !file.isExecutable {
            findings.append("\(file.path): a script that may not be executed")
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

extension String {
    /// The lines with their numbers, the first being 1.
    var numberedLines: [(number: Int, line: Substring)] {
        split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { ($0.offset + 1, $0.element) }
    }
}
