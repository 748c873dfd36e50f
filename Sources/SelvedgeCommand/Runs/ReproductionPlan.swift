import Core
import Experiments
import Foundation
import Reports

/// Which trainings a reproduction consists of.
struct ReproductionPlan {
    struct Entry {
        /// How the command line names it.
        var argument: String
        var experiment: Experiment
    }

    private let entries: [Entry]
    private let seedCount: Int
    private let directory: String

    init(_ entries: [Entry], seedCount: Int, directory: String) {
        self.entries = entries
        self.seedCount = seedCount
        var directory = directory
        while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
        self.directory = directory
    }

    /// Every experiment with seed 1, then every one with seed 2, and so on.
    var trials: [Trial] {
        (1...UInt64(seedCount)).flatMap { seed in entries.map { trial($0, seed) } }
    }

    private func trial(_ entry: Entry, _ seed: UInt64) -> Trial {
        Trial(entry.experiment, argument: entry.argument, seed: seed, directory: directory)
    }

    /// What the folders hold now, an experiment a row.
    func rows(_ ends: TrialEnds) -> [ReproductionRow] {
        entries.map { entry in
            var finished: [ReproductionRow.Trial] = []
            var notes: [String] = []
            for seed in 1...UInt64(seedCount) {
                switch trial(entry, seed).state {
                case .finished(let trial): finished.append(trial)
                case .unusable(let problem): notes.append(problem)
                case .absent, .unfinished: break
                }
            }
            if let reason = ends.reason(of: entry.experiment.name) { notes.append(reason) }
            return ReproductionRow(
                entry.experiment, trials: finished, note: notes.isEmpty ? nil : notes.joined(separator: "; "))
        }
    }
}

/// Why trainings did not finish.
struct TrialEnds {
    private var reasons: [String: String] = [:]
    private var missingInput: Set<String> = []
    /// The exit code of the first training that failed; a missing input is no failure.
    private(set) var failureCode: Int32?

    func reason(of name: String) -> String? { reasons[name] }

    func isMissingInput(_ name: String) -> Bool { missingInput.contains(name) }

    /// Notes a folder that cannot be used; the table finds the same problem there again.
    mutating func note(_ trial: Trial, _ problem: String) {
        Console.error(problem)
        failureCode = failureCode ?? ProcessExitCode.usage
    }

    /// Notes how a training failed. Throws the failure again if it is an interruption.
    mutating func note(_ trial: Trial, failure: any Error) throws {
        let name = trial.experiment.name
        guard let status = TrainingProcess.status(of: failure), status.code < 128 else { throw failure }
        if status.code == ProcessExitCode.missingInput {
            missingInput.insert(name)
            reasons[name] = status.message.isEmpty ? "not trained: a file that it needs is missing" : shown(status)
        } else {
            failureCode = failureCode ?? status.code
            reasons[name] =
                "seed \(trial.experiment.seed) failed with exit code \(status.code)"
                + (status.message.isEmpty ? "" : " (\(shown(status)))")
        }
        if !status.message.isEmpty { Console.error(status.message) }
    }

    /// The message without the path of the home folder, because others may read the table.
    private func shown(_ status: ExitStatus) -> String {
        guard let home = ProcessInfo.processInfo.environment["HOME"], home.count > 1 else { return status.message }
        return status.message.replacing("\(home)/", with: "~/")
    }
}
