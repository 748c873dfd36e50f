import ArgumentParser
import Cluster
import Core
import Foundation
import Kernels
import Runs

/// Replays a run on this host and compares the result with its files.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract:
            "Replay a run on this host; compare gradients, metrics and checkpoints, and name the first difference.")

    @Argument(help: ArgumentHelp("A run directory, or a checkpoint in one.", valueName: "run"), completion: .directory)
    var path: String

    @Option(help: "Replay this epoch from the newest checkpoint before it; by default the last epoch.")
    var epoch: Int?

    @Flag(help: "Replay everything from the beginning.")
    var all = false

    @Option(help: "Folder with the data set, instead of the usual places.", completion: .directory)
    var data: String?

    @Option(help: "Compute threads; by default all cores.")
    var threads: Int?

    @Flag(help: "Print the report as JSON on standard output.")
    var json = false

    func validate() throws {
        guard epoch ?? 1 > 0 else { throw ValidationError("--epoch takes a number from 1") }
        guard epoch == nil || !all else { throw ValidationError("give --epoch or --all, not both") }
        try WorkerLayout.check(threads: threads)
    }

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        try DataFolder.check(data)
        let verifier = try RunVerifier(
            run: RunArgument(path).path, data: data, environment: environment,
            kernels: InstructionSet.chosen(environment: environment).table,
            threadCount: threads ?? Processors.available)
        let report = try verifier.verify(all ? .everything : epoch.map { .epoch($0) } ?? .lastEpoch) { line in
            if json { Console.note(line) }
        }
        Console.result(
            json
                ? JSONResult.text(
                    "verify", [("run", JSONText.string(RunArgument(path).path))], object: try JSONResult.object(report))
                : report.lines.joined(separator: "\n"))
        guard report.hasCompared || !report.isEqual else {
            throw ExitStatus(
                ProcessExitCode.missingInput, "\(path): the run has no digest, row or checkpoint to compare with")
        }
        guard report.isEqual else {
            let reason = report.firstDifference.map { "first difference \($0)" } ?? report.problems.first ?? ""
            throw ExitStatus(ProcessExitCode.badData, "\(path) differs from its replay: \(reason)")
        }
        if let first = report.missing.first {
            throw ExitStatus(ProcessExitCode.missingInput, "\(path): \(first); equal are \(report.summary)")
        }
        if !json {
            Console.note("Verified equal: \(report.summary)\(all ? "" : "; --all replays everything").")
        }
    }
}
