import ArgumentParser
import Core
import Experiments
import Faults
import Foundation
import Glibc
import Runs
import Training

/// Breaks runs on purpose and compares what they come to with a run that nobody disturbed.
struct TortureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture", abstract: "Break runs at random and check that the bits stay the same.",
        discussion: """
            Trains once undisturbed, then once under each of N random plans of one to three faults; a run that ends with \
            75 is resumed. Stops at the first checkpoint or metrics file with another SHA-256. Exit code 0: all equal.
            """)

    @Argument(help: "A shipped experiment or the path of a YAML file.")
    var experiment: String

    @Option(help: "How many runs.")
    var runs: Int = 20

    @Option(help: "Seed of the plans.")
    var seed: UInt64 = 1

    @Option(help: "Worker processes: a number, or a range as 1..8 from which each run draws.")
    var workers: WorkerRange = WorkerRange(range: 1...4)

    @Option(help: "Passes over the training data.")
    var epochs: Int?

    @Option(help: "Samples in a global batch.")
    var batchSize: Int?

    @Option(help: ArgumentHelp("Only these kinds of faults, as kill,stop; by default all.", valueName: "kinds"))
    var kinds: String?

    @Option(
        help: ArgumentHelp(
            "Not at random, but this fault alone, or several in turn (can be given more than once).",
            valueName: "fault"))
    var fault: [String] = []

    @Option(help: "Folder with the data set, or 'synthetic' for made-up images.")
    var data: String?

    @Option(help: "The number of the first run, to do some again.")
    var first: Int = 0

    @Option(help: "Seconds for one run; by default 60 and twenty times the undisturbed run.")
    var deadline: Double?

    @Option(help: "Folder for the runs; by default a temporary one. What is not equal stays there.")
    var directory: String?

    @Flag(help: "Print the results as JSON on standard output.")
    var json = false

    func validate() throws {
        guard runs > 0, first >= 0 else { throw ValidationError("--runs takes a number from 1, --first one from 0") }
        guard deadline ?? 1 > 0 else { throw ValidationError("--deadline takes seconds above 0") }
    }

    func run() throws {
        let interruption = TortureInterruption()
        var campaign = try campaign()
        campaign.nextSignal = interruption.next
        Console.note("undisturbed run in \(campaign.folder)")
        var results: [TortureResult] = []
        do {
            let undisturbed = try campaign.undisturbed()
            for run in first..<first + runs {
                let result = try campaign.result(run: run, against: undisturbed)
                results.append(result)
                tell(result, campaign)
                if case .unequal = result.outcome { break }
            }
        } catch let interrupted as TortureInterrupted {
            throw try endEarly(interrupted, results, campaign)
        }
        let report = try tell(results, campaign)
        guard report.equalRuns == report.runs else {
            throw ExitStatus(
                ProcessExitCode.internalError,
                "\(report.runs - report.equalRuns) of \(report.runs) runs are not equal (seed \(seed)): "
                    + "what they left is in \(campaign.folder)")
        }
        campaign.removeRest()
    }

    @discardableResult
    private func tell(_ results: [TortureResult], _ campaign: TortureCampaign) throws -> TortureReport {
        let report = TortureReport(
            experiment: campaign.experiment.name, seed: seed, kinds: campaign.kinds, results)
        Console.result(json ? try report.json() : report.text)
        return report
    }

    /// Reports the runs before a signal came, and removes the one that it ended; returns what is said last.
    private func endEarly(
        _ interrupted: TortureInterrupted, _ results: [TortureResult], _ campaign: TortureCampaign
    ) throws -> ExitStatus {
        let next = results.last.map { $0.run + 1 } ?? first
        campaign.remove(run: next)
        let unequalCount = results.count { !$0.outcome.isEqual }
        if unequalCount == 0 { campaign.removeRest() }
        if !results.isEmpty { try tell(results, campaign) }
        let remains = unequalCount == 0 ? "nothing is left of it" : "what is not equal is in \(campaign.folder)"
        return ExitStatus(
            128 + interrupted.signal,
            "interrupted by signal \(interrupted.signal) before run \(next) had ended: \(remains); go on with: "
                + command(campaign, first: next, count: first + runs - next))
    }

    private func tell(_ result: TortureResult, _ campaign: TortureCampaign) {
        let plan = result.plan.faults.map(\.description).joined(separator: "; ")
        let resumes = result.resumeCount == 0 ? "" : " (\(result.resumeCount) resumed)"
        Console.note(
            "run \(result.run), \(result.workerCount) workers, \(plan): \(result.outcome.column.rawValue)\(resumes) in "
                + Figures.duration(result.seconds))
        guard let detail = result.outcome.detail else { return }
        Console.error(
            "run \(result.run) of seed \(seed): \(result.outcome.column.rawValue): \(detail); see "
                + "\(campaign.folder)/run-\(result.run)/output.txt; again with: "
                + command(campaign, first: result.run, count: 1)
                + "; the plan alone: " + campaign.replayCommand(result))
    }

    /// The command that does some of the runs.
    private func command(_ campaign: TortureCampaign, first: Int, count: Int) -> String {
        let numbers = ["--seed", String(seed), "--first", String(first), "--runs", String(count)]
        let faults = fault.isEmpty ? flag("kinds", kinds) : fault.flatMap { ["--fault", "'\($0)'"] }
        return
            (["selvedge torture"] + campaign.experimentArguments + numbers + ["--workers", workers.text] + faults
            + flag("deadline", deadline)).joined(separator: " ")
    }

    private func campaign() throws -> TortureCampaign {
        let arguments = [experiment] + flag("epochs", epochs) + flag("batch-size", batchSize) + flag("data", data)
        let options = try ExperimentOptions.parse(arguments)
        let resolved = try options.resolved()
        let sets = try DatasetLookup.load(
            resolved, data: options.dataFolder, environment: ProcessInfo.processInfo.environment)
        let schedule = try TrainingData(dataset: sets.training, experiment: resolved).schedule(resolved)
        guard workers.range.upperBound <= resolved.microBatchCount else {
            throw ExitStatus(
                ProcessExitCode.usage, "--workers: at most \(resolved.microBatchCount) workers share the micro-batches")
        }
        let chosen = try fault.map { try Fault(parsing: $0) }
        try FaultPlan(chosen).check(workerCount: workers.range.lowerBound)
        let kinds = chosen.isEmpty ? try possibleKinds(epochCount: schedule.epochCount) : kinds(of: chosen)
        return TortureCampaign(
            experimentArguments: arguments, experiment: resolved, schedule: schedule, kinds: kinds, chosen: chosen,
            workerCounts: workers.range, seed: seed, folder: try folder(), executable: try Executable.path(),
            environment: ProcessInfo.processInfo.environment, deadlineSeconds: deadline)
    }

    /// The kinds of some faults, in the usual order.
    private func kinds(of faults: [Fault]) -> [FaultKind] {
        FaultKind.allCases.filter { kind in faults.contains { $0.kind == kind } }
    }

    /// The kinds without those that this run cannot show, which are named.
    private func possibleKinds(epochCount: Int) throws -> [FaultKind] {
        var kinds = try kinds.map { try FaultKind.list($0) } ?? FaultKind.allCases
        func leaveOut(_ kind: FaultKind, _ reason: String) {
            guard kinds.contains(kind) else { return }
            kinds.removeAll { $0 == kind }
            Console.note("without \(kind.rawValue): \(reason)")
        }
        if epochCount == 1 { leaveOut(.flipCheckpoint, "it needs a second checkpoint, and so two epochs") }
        if workers.range.upperBound == 1 { leaveOut(.flipGradient, "it is found by a second worker") }
        guard !kinds.isEmpty else {
            throw ExitStatus(ProcessExitCode.usage, "no kind of fault is left: give others with --kinds")
        }
        return kinds
    }

    private func folder() throws -> String {
        if let directory {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            return URL(fileURLWithPath: directory).path
        }
        var template = Array("\(FileManager.default.temporaryDirectory.path)/selvedge-torture-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ExitStatus(ProcessExitCode.inputOutput, "a temporary folder cannot be made")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
