import Core
package import Runs

/// Trains one experiment under many plans of faults, and compares the results with a run without faults.
///
/// The plan of each run is a function of seed and number. Trainings are started by a ``TortureRunner``.
package struct TortureCampaign: Sendable {
    /// How the command line names the experiment, and the flags that modify it.
    package var experimentArguments: [String]
    package var experimentName: String
    package var stepsPerEpoch: Int
    package var epochCount: Int
    /// Not empty.
    package var kinds: [FaultKind]
    /// If not empty, each run has one of these faults instead of a random plan, in turn.
    package var chosen: [Fault]
    package var workerCounts: ClosedRange<Int>
    /// Values of `--transport`; the runs take them in turn.
    package var transports: [String]
    package var seed: UInt64
    /// The folder of all runs.
    package var folder: String
    /// Seconds for one run with all its resumes; nil derives it from the run without faults.
    package var deadlineSeconds: Double?
    /// Instead of faults, every process of a run receives SIGTERM at a random moment.
    package var terminatesAll = false

    package init(
        experimentArguments: [String], experimentName: String, stepsPerEpoch: Int, epochCount: Int, kinds: [FaultKind],
        chosen: [Fault] = [], workerCounts: ClosedRange<Int>, transports: [String] = [], seed: UInt64, folder: String,
        deadlineSeconds: Double? = nil
    ) {
        self.experimentArguments = experimentArguments
        self.experimentName = experimentName
        self.stepsPerEpoch = stepsPerEpoch
        self.epochCount = epochCount
        self.kinds = kinds
        self.chosen = chosen
        self.workerCounts = workerCounts
        self.transports = transports
        self.seed = seed
        self.folder = folder
        self.deadlineSeconds = deadlineSeconds
    }

    /// What the other runs are compared with.
    package struct Reference: Sendable {
        package var digests: RunDigests
        package var seconds: Double

        package init(digests: RunDigests, seconds: Double) {
            self.digests = digests
            self.seconds = seconds
        }
    }

    // MARK: Plans

    /// The number of workers and the plan of a run, counted from 0.
    package func plan(run: Int) -> (workerCount: Int, plan: FaultPlan) {
        let workerCount = RandomFaults.workerCount(seed: seed, run: run, in: workerCounts)
        guard !terminatesAll else { return (workerCount, FaultPlan()) }
        guard chosen.isEmpty else { return (workerCount, FaultPlan([chosen[run % chosen.count]])) }
        func plan(_ workerCount: Int) -> FaultPlan {
            RandomFaults(
                kinds: kinds, workerCount: workerCount, stepCount: stepsPerEpoch * epochCount,
                stepsPerEpoch: stepsPerEpoch
            ).plan(seed: seed, run: run)
        }
        let random = plan(workerCount)
        // Only a second worker detects a flipped gradient.
        guard random.flipsGradients, workerCount == 1 else { return (workerCount, random) }
        return (2, plan(2))
    }

    /// The transport of a run, counted from 0; nil for the usual one.
    package func transport(run: Int) -> String? { transports.isEmpty ? nil : transports[run % transports.count] }

    // MARK: Runs

    /// Trains once without faults.
    package func reference(_ runner: some TortureRunner) throws -> Reference {
        let name = "undisturbed"
        let training = try runner.training(named: name, in: folder)
        let limit = deadlineSeconds ?? 24 * 3600
        let start = runner.seconds
        let end = try runner.run(
            training, trainArguments(run: training.run, workerCount: workerCounts.upperBound), deadlineSeconds: limit
        ) { _ in nil }
        guard end == .ended(0) else { throw TortureError.referenceFailed(end, log: training.log) }
        return Reference(digests: try RunDigests(run: training.run), seconds: runner.seconds - start)
    }

    /// Trains once under the run's plan, resumes what can be resumed, and classifies the result. The folder of an equal
    /// run is removed.
    package func result(run: Int, against reference: Reference, _ runner: some TortureRunner) throws -> TortureResult {
        let (workerCount, plan) = plan(run: run)
        let training = try runner.training(named: name(ofRun: run), in: folder)
        // A run that hangs is found soon; a slow one is not taken for a hung one.
        let limit = deadlineSeconds ?? 60 + 20 * reference.seconds
        let stopSeconds = terminatesAll ? RandomFaults.stopMoment(seed: seed, run: run) * reference.seconds : nil
        var trial = TortureTrial(
            training: training, plan: plan, stopSeconds: stopSeconds, deadlineSeconds: limit,
            arguments: trainArguments(
                run: training.run, workerCount: workerCount, transport: transport(run: run), plan: plan))
        let start = runner.seconds
        let outcome = try trial.outcome(reference.digests, runner)
        let result = TortureResult(
            run: run, workerCount: workerCount, plan: plan, outcome: outcome, resumeCount: trial.resumeCount,
            seconds: runner.seconds - start, triggered: FaultFolder(training.faultFolder).triggered,
            recoveries: RunTimings.recoveries(path: RunPaths(training.run).timings), stopSeconds: stopSeconds)
        if outcome.isEqual { runner.remove(name(ofRun: run), in: folder) }
        return result
    }

    /// The name of a run's folder.
    package func name(ofRun run: Int) -> String { "run-\(run)" }

    // MARK: Commands

    /// The command that repeats one run without comparing it.
    package func replayCommand(_ result: TortureResult) -> String {
        let faults = result.plan.faults.map { "--fault '\($0)'" }
        let audit = result.plan.flipsGradients ? ["--audit", "1"] : []
        let layout =
            ["--workers", String(result.workerCount), "--threads", "1"] + transportArguments(transport(run: result.run))
        return (["selvedge train"] + experimentArguments + layout + audit + faults).joined(separator: " ")
    }

    private func transportArguments(_ transport: String?) -> [String] {
        transport.map { ["--transport", $0] } ?? []
    }

    private func trainArguments(
        run: String, workerCount: Int, transport: String? = nil, plan: FaultPlan = FaultPlan()
    ) -> [String] {
        ["train"] + experimentArguments + ["--workers", String(workerCount), "--threads", "1", "--run", run]
            + transportArguments(transport) + (plan.flipsGradients ? ["--audit", "1"] : []) + plan.replayArguments
    }
}

extension FaultPlan {
    package var flipsGradients: Bool { faults.contains { $0.kind == .flipGradient } }
}

/// Starts the trainings of a campaign.
package protocol TortureRunner {
    /// Seconds of a clock that only rises.
    var seconds: Double { get }

    /// Makes the folders of a training. Throws `TortureError.exists` where they exist already.
    func training(named name: String, in folder: String) throws -> TortureTraining

    /// Trains with these arguments until all processes have ended. `intervene` is called repeatedly with the seconds
    /// since the start, until it returns what is done.
    func run(
        _ training: TortureTraining, _ arguments: [String], deadlineSeconds: Double,
        intervene: (_ seconds: Double) -> TortureIntervention?
    ) throws -> TortureEnd

    /// Removes the folders of a training.
    func remove(_ name: String, in folder: String)

    /// Removes the folder of a run that ended before it had an experiment.
    func remove(run: String)
}

/// The folders of one training.
package struct TortureTraining: Sendable {
    /// The run directory.
    package var run: String
    /// Where triggered faults are marked; every process of the run has it in its environment.
    package var faultFolder: String
    /// The file with the messages of its processes.
    package var log: String

    package init(run: String, faultFolder: String, log: String) {
        self.run = run
        self.faultFolder = faultFolder
        self.log = log
    }
}

/// What a campaign does to the processes of a training.
package enum TortureIntervention: Sendable {
    /// Kills the first process.
    case kill
    /// Sends SIGTERM to all processes at once.
    case terminateAll
}

/// How the processes of a training ended.
package enum TortureEnd: Sendable, Equatable {
    /// The exit code, or 128 + the signal that killed it.
    case ended(Int32)
    /// It was killed by an intervention, and its children ended.
    case killed
    /// It had not ended at its deadline; all its processes were killed.
    case overdue
    /// It ended and left processes that did not end; these were killed.
    case leftProcesses
}

/// Why a campaign cannot continue.
package enum TortureError: Error, Sendable, CustomStringConvertible {
    case exists(String)
    case referenceFailed(TortureEnd, log: String)

    package var description: String {
        switch self {
        case .exists(let path): "\(quoted(path)) exists already: give another --directory, or remove it"
        case .referenceFailed(let end, let log): "the run without faults did not complete (\(end)): see \(quoted(log))"
        }
    }
}

/// SHA-256 of the files that must not depend on how a run was executed.
package struct RunDigests: Sendable, Equatable {
    package var checkpoint: String
    package var metrics: String

    package init(run: String, files: FileOperations = FileOperations()) throws(FileError) {
        let paths = RunPaths(run)
        checkpoint = SHA256Digest(of: try files.read(paths.last, byteLimit: Self.byteLimit)).hexadecimal
        metrics = SHA256Digest(of: try files.read(paths.metrics, byteLimit: Self.byteLimit)).hexadecimal
    }

    private static let byteLimit = 1 << 40
}
