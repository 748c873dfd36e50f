import ArgumentParser
import Core
import Experiments
import Foundation
import Reports
import Runs

/// Trains the published experiments and compares their results with the published figures.
struct ReproduceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reproduce", abstract: "Train the published experiments and compare their figures with ours.",
        discussion: """
            Each training has its own folder, DIRECTORY/NAME-seed-S. Finished trainings are not repeated and interrupted \
            ones are resumed, so the same command continues after an interruption. \
            DIRECTORY/reproduction.md, .csv and .html are rewritten after each training. All experiments are trained \
            with seed 1, then all with seed 2, and so on.
            """)

    @Option(help: "Only the experiments of this group, such as A (can be given more than once); by default all.")
    var group: [String] = []

    @Option(help: "Train each experiment with the seeds from 1 to this number.")
    var seeds: Int = 3

    @Option(
        parsing: .upToNextOption, help: ArgumentHelp("Only these experiments: names or YAML files.", valueName: "name"))
    var experiment: [String] = []

    @Option(help: "Folder for the runs and the tables.")
    var directory: String = "runs/reproduce"

    @Option(help: "Worker processes; by default the largest power of two up to the cores and micro-batches.")
    var workers: Int?

    @Option(help: "Folder with the data set, instead of the usual places.")
    var data: String?

    @Flag(help: "Train nothing: write the tables of the finished trainings.")
    var tableOnly = false

    func validate() throws {
        guard 1...1000 ~= seeds else { throw ValidationError("--seeds takes a number from 1 to 1000") }
        guard workers ?? 1 > 0 else { throw ValidationError("--workers takes a number from 1") }
    }

    func run() throws {
        try DataFolder.check(data)
        let plan = ReproductionPlan(try chosen(), seedCount: seeds, directory: directory)
        var ends = TrialEnds()
        do {
            for trial in plan.trials {
                if tableOnly { try noteMissingInput(of: trial, &ends) } else { try train(trial, &ends, plan) }
            }
        } catch {
            _ = try? write(plan, ends)
            throw error
        }
        let table = try write(plan, ends)
        Console.result(table.markdown)
        Console.note("Written to \(directory): \(Self.files.joined(separator: ", "))")
        if let code = ends.failureCode { throw ExitCode(code) }
    }

    private static let files = ["reproduction.md", "reproduction.csv", "reproduction.html"]

    /// The experiments that the options name, with the arguments that name them.
    private func chosen() throws -> [ReproductionPlan.Entry] {
        let arguments = experiment.isEmpty ? Experiment.shippedNames : experiment
        let entries = try arguments.map { argument in
            ReproductionPlan.Entry(argument: argument, experiment: try Experiment.resolve(argument))
        }
        let groups = Set(group.map { $0.uppercased() })
        let found = entries.filter { entry in
            groups.isEmpty || groups.contains(ReproductionRow.group(of: entry.experiment.name).uppercased())
        }
        guard !found.isEmpty else {
            throw ExitStatus(
                ProcessExitCode.usage,
                "no experiment is in group \(group.joined(separator: ", ")): see 'selvedge experiments'")
        }
        return found
    }

    /// Completes one training. An interruption is thrown; any other failure is recorded.
    private func train(_ trial: Trial, _ ends: inout TrialEnds, _ plan: ReproductionPlan) throws {
        let resumes: Bool
        switch trial.state {
        case .finished: return
        case .unusable(let problem): return ends.note(trial, problem)
        case .absent: resumes = false
        case .unfinished: resumes = true
        }
        // Another seed would miss the same file.
        guard !ends.isMissingInput(trial.experiment.name) else { return }
        do {
            try TrainingProcess.run(trial, resumes: resumes, workers: workers, data: data)
        } catch {
            try ends.note(trial, failure: error)
        }
        try write(plan, ends)
    }

    /// Records why a training that has no run yet cannot start on this host.
    private func noteMissingInput(of trial: Trial, _ ends: inout TrialEnds) throws {
        guard case .absent = trial.state, !ends.isMissingInput(trial.experiment.name) else { return }
        do {
            _ = try TrainingProcess.initialWeights(of: trial, data: data)
        } catch {
            try ends.note(trial, failure: error)
        }
    }

    /// Writes the tables of the finished trainings.
    @discardableResult
    private func write(_ plan: ReproductionPlan, _ ends: TrialEnds) throws -> ReproductionTable {
        let table = ReproductionTable(rows: plan.rows(ends), command: command)
        try FileOperations().makeDirectories(directory)
        for (file, text) in zip(Self.files, [table.markdown, table.csv, table.html]) {
            try AtomicFile.write(text, to: "\(directory)/\(file)")
        }
        return table
    }

    /// The shortest form of this command, for the reader to repeat.
    private var command: String {
        let groups = group.flatMap { ["--group", $0] }
        let experiments = experiment.isEmpty ? [] : ["--experiment"] + experiment
        return (["selvedge reproduce"] + groups + experiments + ["--seeds", String(seeds)]).joined(separator: " ")
    }
}
