import ArgumentParser
import Cluster
import Coordination
import Core
import Experiments
import Faults
import Foundation
import Glibc
import Reports
import Runs
import Training

/// Trains under plans of faults and compares the results with a run without faults.
struct TortureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture", abstract: "Train under random faults and check that the bits stay the same.",
        discussion: """
            Trains once without faults, then once under each of N random plans of one to three faults; a run that ends \
            with 75 is resumed. Every second run uses sockets only. With --terminate-all each run receives SIGTERM in all its processes \
            instead, must have saved every step that was complete, and is resumed. Stops at the first checkpoint or metrics file \
            whose SHA-256 differs. Exit code 0: all equal.
            """)

    @Argument(help: "A shipped experiment or the path of a YAML file.", completion: Completions.experiments)
    var experiment: String

    @Option(help: "Number of runs.")
    var runs: Int = 20

    @Option(help: "Seed of the plans.")
    var seed: UInt64 = 1

    @Option(help: "Worker processes: a number, or a range such as 1..8 from which each run draws.")
    var workers: WorkerRange = WorkerRange(range: 1...4)

    @Option(help: "Number of passes over the training data.")
    var epochs: Int?

    @Option(help: "Samples in a global batch.")
    var batchSize: Int?

    @Option(help: ArgumentHelp("Only these kinds of faults, such as kill,stop; by default all.", valueName: "kinds"))
    var kinds: String?

    @Option(
        help: ArgumentHelp(
            "Only this fault instead of random plans, or several in turn (can be given more than once).",
            valueName: "fault"))
    var fault: [String] = []

    @Flag(
        help: "Instead of faults, send SIGTERM to every process of a run at a random moment, as batch systems do.")
    var terminateAll = false

    @Option(help: "Folder with the data set, or 'synthetic' for generated images.", completion: .directory)
    var data: String?

    @Option(help: "The number of the first run, to repeat some.")
    var first: Int = 0

    @Option(help: "Seconds allowed for one run; by default 60 plus twenty times the undisturbed run.")
    var deadline: Double?

    @Option(help: "Folder for the runs; by default a temporary one. Unequal runs are kept.")
    var directory: String?

    @Flag(help: "Print the results as JSON on standard output.")
    var json = false

    func validate() throws {
        guard runs > 0, first >= 0 else { throw ValidationError("--runs takes a number from 1, --first one from 0") }
        guard !terminateAll || (kinds == nil && fault.isEmpty) else {
            throw ValidationError("--terminate-all takes no --kinds and no --fault")
        }
        guard deadline ?? 1 > 0 else { throw ValidationError("--deadline takes seconds above 0") }
    }

    func run() throws {
        let interruption = TortureInterruption()
        let campaign = try campaign()
        let runner = TortureProcess(
            executable: try Executable.path(), environment: ProcessInfo.processInfo.environment,
            nextSignal: interruption.next)
        Console.note("the run without faults, in \(campaign.folder)")
        var results: [TortureResult] = []
        do {
            let reference = try campaign.reference(runner)
            for run in first..<first + runs {
                let result = try campaign.result(run: run, against: reference, runner)
                results.append(result)
                report(result, campaign)
                if case .unequal = result.outcome { break }
            }
        } catch let interrupted as TortureInterrupted {
            throw try endEarly(interrupted, results, campaign, runner)
        }
        let report = try report(results, campaign)
        guard report.equalRuns == report.runs else {
            throw ExitStatus(
                ProcessExitCode.internalError,
                "\(report.runs - report.equalRuns) of \(report.runs) runs are not equal (seed \(seed)): "
                    + "their files are in \(campaign.folder)")
        }
        removeRest(campaign, runner)
    }

    /// Removes the run without faults, and the folder unless it has other files.
    private func removeRest(_ campaign: TortureCampaign, _ runner: TortureProcess) {
        runner.remove("undisturbed", in: campaign.folder)
        rmdir(campaign.folder)
    }

    @discardableResult
    private func report(_ results: [TortureResult], _ campaign: TortureCampaign) throws -> TortureReport {
        let report = TortureReport(
            experiment: campaign.experimentName, seed: seed, processors: Processors.available, kinds: campaign.kinds,
            results)
        if json {
            Console.result(JSONResult.text("torture", object: try JSONResult.object(report)))
        } else {
            Console.result(TextTable.text(report.cells, leadingColumns: 1) + "\n" + report.summary)
        }
        return report
    }

    /// Reports the complete runs after a signal, and removes the interrupted one; returns the last message.
    private func endEarly(
        _ interrupted: TortureInterrupted, _ results: [TortureResult], _ campaign: TortureCampaign,
        _ runner: TortureProcess
    ) throws -> ExitStatus {
        let next = results.last.map { $0.run + 1 } ?? first
        runner.remove(campaign.name(ofRun: next), in: campaign.folder)
        let unequalCount = results.count { !$0.outcome.isEqual }
        if unequalCount == 0 { removeRest(campaign, runner) }
        if !results.isEmpty { try report(results, campaign) }
        let remains = unequalCount == 0 ? "all files are removed" : "unequal runs are in \(campaign.folder)"
        return ExitStatus(
            ProcessExitCode.signal(interrupted.signal),
            "interrupted by signal \(interrupted.signal) in run \(next): \(remains); continue with: "
                + command(campaign, first: next, count: first + runs - next))
    }

    private func report(_ result: TortureResult, _ campaign: TortureCampaign) {
        let plan =
            result.stopSeconds.map { "SIGTERM to all after " + Figures.duration($0) }
            ?? result.plan.faults.map(\.description).joined(separator: "; ")
        let transport = campaign.transport(run: result.run).map { "\($0), " } ?? ""
        let resumes = result.resumeCount == 0 ? "" : " (\(result.resumeCount) resumed)"
        Console.note(
            "run \(result.run), \(result.workerCount) workers, \(transport)\(plan): \(result.outcome.column.rawValue)\(resumes) in "
                + Figures.duration(result.seconds))
        guard let detail = result.outcome.detail else { return }
        Console.error(
            "run \(result.run) of seed \(seed): \(result.outcome.column.rawValue): \(detail); see "
                + "\(campaign.folder)/run-\(result.run)/output.txt; again with: "
                + command(campaign, first: result.run, count: 1)
                + (terminateAll ? "" : "; the plan alone: " + campaign.replayCommand(result)))
    }

    /// The command for some of the runs.
    private func command(_ campaign: TortureCampaign, first: Int, count: Int) -> String {
        let numbers = ["--seed", String(seed), "--first", String(first), "--runs", String(count)]
        let faults =
            (fault.isEmpty ? flag("kinds", kinds) : fault.flatMap { ["--fault", "'\($0)'"] })
            + (terminateAll ? ["--terminate-all"] : [])
        return
            (["selvedge torture"] + campaign.experimentArguments + numbers + ["--workers", workers.text] + faults
            + flag("deadline", deadline)).joined(separator: " ")
    }

    private func campaign() throws -> TortureCampaign {
        let arguments = [experiment] + flag("epochs", epochs) + flag("batch-size", batchSize) + flag("data", data)
        let options = try ExperimentOptions.parse(arguments)
        let resolved = try options.resolved()
        let sets = try DatasetLookup.load(
            resolved, data: options.dataFolder(of: resolved), environment: ProcessInfo.processInfo.environment)
        let schedule = try TrainingData(dataset: sets.training, experiment: resolved).schedule(resolved)
        guard workers.range.upperBound <= resolved.microBatchCount else {
            throw ExitStatus(
                ProcessExitCode.usage, "--workers: at most \(resolved.microBatchCount) workers share the micro-batches")
        }
        let chosen = try fault.map { try Fault(parsing: $0) }
        try FaultPlan(chosen).check(workerCount: workers.range.lowerBound)
        let kinds =
            chosen.isEmpty && !terminateAll
            ? try possibleKinds(epochCount: schedule.epochCount) : kinds(of: chosen)
        var campaign = TortureCampaign(
            experimentArguments: arguments, experimentName: resolved.name, stepsPerEpoch: schedule.stepsPerEpoch,
            epochCount: schedule.epochCount, kinds: kinds, chosen: chosen, workerCounts: workers.range,
            transports: [TransportKind.automatic, .zeromq].map(\.rawValue), seed: seed, folder: try folder(),
            deadlineSeconds: deadline)
        campaign.terminatesAll = terminateAll
        return campaign
    }

    /// The kinds of some faults, in the usual order.
    private func kinds(of faults: [Fault]) -> [FaultKind] {
        FaultKind.planned.filter { kind in faults.contains { $0.kind == kind } }
    }

    /// The kinds without those that this experiment cannot detect, which are listed.
    private func possibleKinds(epochCount: Int) throws -> [FaultKind] {
        var kinds = try kinds.map { try FaultKind.list($0) } ?? FaultKind.planned
        func leaveOut(_ kind: FaultKind, _ reason: String) {
            guard kinds.contains(kind) else { return }
            kinds.removeAll { $0 == kind }
            Console.note("without \(kind.rawValue): \(reason)")
        }
        if epochCount == 1 { leaveOut(.flipCheckpoint, "it needs a second checkpoint, and therefore two epochs") }
        if workers.range.upperBound == 1 { leaveOut(.flipGradient, "only a second worker detects it") }
        guard !kinds.isEmpty else {
            throw ExitStatus(ProcessExitCode.usage, "no kind of fault is left: give other --kinds")
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
            throw ExitStatus(ProcessExitCode.inputOutput, "cannot create a temporary folder")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// `3` or `1..8`.
struct WorkerRange: ExpressibleByArgument {
    let range: ClosedRange<Int>

    init(range: ClosedRange<Int>) {
        self.range = range
    }

    init?(argument: String) {
        let bounds = argument.components(separatedBy: "..").map { Int($0) }
        guard let lower = bounds.first ?? nil, let upper = bounds.last ?? nil, bounds.count <= 2, lower > 0,
            upper >= lower
        else { return nil }
        range = lower...upper
    }

    var text: String { range.count == 1 ? String(range.lowerBound) : "\(range.lowerBound)..\(range.upperBound)" }

    var defaultValueDescription: String { text }
}
