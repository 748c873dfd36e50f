import Foundation
import Testing

/// Every command line that a document shows is one that the program takes.
@Suite struct DocumentedCommandTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// README and all articles, by their paths.
    private static func documents() throws -> [(path: String, text: String)] {
        let sources = root.appending(path: "Sources")
        let paths = FileManager.default.enumerator(atPath: sources.path)?.compactMap { $0 as? String } ?? []
        return try (["README.md"] + paths.filter { $0.hasSuffix(".md") }.map { "Sources/\($0)" }.sorted()).map { path in
            (path, try String(contentsOf: root.appending(path: path), encoding: .utf8))
        }
    }

    @Test func `every command line of README and the articles parses`() throws {
        var count = 0
        for (path, text) in try Self.documents() {
            let commands = DocumentedCommands(text)
            count += commands.lines.count
            for problem in commands.problems { Issue.record("\(path), \(problem)") }
        }
        #expect(count > 80)
    }

    private func problems(_ lines: String...) -> [String] {
        DocumentedCommands(lines.joined(separator: "\n")).problems
    }

    @Test func `a wrong flag, command or fault is found in blocks, text and tables`() {
        #expect(problems("```console", "$ selvedge train A-1 --epoch 2", "```").count == 1)
        #expect(problems("```console", "$ for W in 1 2; do selvedge trian A-1 --workers $W; done", "```").count == 1)
        #expect(problems("```", "host1$ selvedge worker --coordinater tcp://A:1 &", "```").count == 1)
        #expect(problems("```console", "$ scripts/train --epochs 1 \\", "    --sed 1", "```").count == 1)
        #expect(problems("Run `perf record -g selvedge bench steps A-1`, then `selvedge trian`.").count == 2)
        #expect(problems("| `selvedge verify RUN [--epoch N \\| --every]` | replays |").count == 1)
        #expect(problems("| flag of `selvedge train` | does |", "|---|---|", "| `--restart N` | restarts |").count == 1)
        #expect(problems("`selvedge train --fault 'kil worker=1 step=2'`").count == 1)
    }

    @Test func `right command lines are taken`() {
        #expect(
            problems(
                "```console", "$ for W in 1 2; do selvedge train A-1 --workers $W --run r$W; done", "$ selvedge \\",
                "  train A-1 # selvedge nonsense", "```", "```text", "$ selvedge nonsense", "```",
                "`selvedge train A-1 [--resume [CHECKPOINT]] [--seed S]`, `selvedge worker`, `selvedge help COMMAND`",
                "`pkill -f 'selvedge nonsense'`, `selvedge predict CHECKPOINT IMAGE…`, `scripts/train A-1 --seed S`"
            ).isEmpty)
    }
}
