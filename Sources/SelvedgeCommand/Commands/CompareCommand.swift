import ArgumentParser
import Core
import Foundation
import Reports
import Runs

/// Compares runs that are finished, unfinished or damaged.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compare runs: a table, and one picture with all their curves.")

    @Argument(help: ArgumentHelp("Run directories, or checkpoints in them.", valueName: "run"), completion: .directory)
    var runs: [String]

    @Option(
        help: ArgumentHelp("Draw the curves of all runs into this PNG file.", valueName: "file"),
        completion: .file(extensions: ["png"]))
    var plot: String?

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Print comma-separated values.")
    var csv = false

    func validate() throws {
        guard !(json && csv) else { throw ValidationError("give --json or --csv, not both") }
        guard plot == nil || runs.count <= ComparisonPicture.runLimit else {
            throw ValidationError("--plot draws at most \(ComparisonPicture.runLimit) runs")
        }
    }

    func run() throws {
        let records = runs.map { RunRecord(path: RunArgument($0).path) }
        for record in records {
            for problem in record.problems { Console.error("\(record.path): \(problem)") }
        }
        let readable = records.filter { $0.experiment != nil }
        guard !readable.isEmpty else {
            throw ExitStatus(
                ProcessExitCode.missingInput, "none of these is a run: give folders created by 'selvedge train'")
        }
        let table = RunTable(readable)
        Console.result(
            json ? JSONResult.text("compare", object: "{\"runs\":\(table.json)}") : csv ? table.csv : table.text)
        if let plot { try draw(readable, to: plot) }
    }

    private func draw(_ records: [RunRecord], to file: String) throws {
        let isSynthetic = records.map(\.isSynthetic)
        let warning =
            isSynthetic.contains(true)
            ? isSynthetic.contains(false) ? "SYNTHETIC DATA in the runs marked so" : PictureSource.syntheticWarning
            : nil
        let runs = zip(records, RunTable.shortNames(records.map(\.path))).map { record, name in
            ComparisonPicture.Run(
                name: record.isSynthetic ? "\(name) (SYNTHETIC DATA)" : name, history: record.history)
        }
        let source = PictureSource(text: "\(records.count) runs compared", warning: warning)
        do {
            let picture = try ComparisonPicture.draw(runs, source: source)
            try AtomicFile.write(picture.png, to: file)
        } catch let error as DrawingError {
            throw ExitStatus(ProcessExitCode.internalError, "\(file): \(error)")
        }
        if let note = PictureFont.note() { Console.note(note) }
        Console.note("Written: \(file)")
    }
}
