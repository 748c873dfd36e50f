import ArgumentParser
import Cluster
import Coordination
import Core
import Experiments
import Faults
import Foundation
import Glibc
import Kernels
import Reports

/// Trains: a supervisor whose children are a coordinator and workers. Where a launcher started several processes, those
/// of other ranks are workers too (``LaunchedJob``).
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train an experiment, then evaluate it on the test set.",
        discussion: "Started by torchrun, mpirun, srun or Kubernetes, the processes of one job train together.")

    @OptionGroup var experiment: ExperimentOptions
    @OptionGroup var runOptions: RunOptions
    @OptionGroup var settingOptions: RunSettingOptions
    @OptionGroup var faults: FaultOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var launchOptions: LaunchOptions
    @OptionGroup var serving: ServeOptions
    @OptionGroup var trackOptions: TrackOptions

    @Option(help: "Worker processes; by default the largest power of two up to the cores and micro-batches.")
    var workers: Int?

    @Option(help: "Compute threads of each worker; by default the cores divided by the workers.")
    var threads: Int?

    @Option(help: "Extra workers that wait to replace lost ones.")
    var spares = 0

    @Option(help: "Restarts of each worker, and of the coordinator, within an hour; 0 for none.")
    var restarts = 3

    @Flag(help: "Print every value of the experiment and where it comes from, and end.")
    var printConfig = false

    @Flag(help: "Check experiment, data and layout, print what would be trained, and train nothing.")
    var dryRun = false

    func validate() throws {
        guard workers ?? 1 > 0 else { throw ValidationError("--workers takes a number from 1") }
        guard 0...WorkerLayout.spareLimit ~= spares else {
            throw ValidationError("--spares takes a number from 0 to \(WorkerLayout.spareLimit)")
        }
        guard restarts >= 0 else { throw ValidationError("--restarts takes a number from 0") }
        try WorkerLayout.check(threads: threads)
    }

    /// The number in a variable of the environment; nil where it is not set.
    private func positiveNumber(_ variable: String, in environment: [String: String]) throws -> Int? {
        guard let text = environment[variable], !text.isEmpty else { return nil }
        guard let number = Int(text), number > 0 else {
            throw ExitStatus(ProcessExitCode.usage, "\(variable)=\(text) is not a number from 1: correct or unset it")
        }
        return number
    }

    /// The workers that compute and the threads of each.
    private func layout(
        microBatchCount: Int, minWorkers: Int, _ placement: (any WorkerPlacement)?, environment: [String: String]
    ) throws -> WorkerLayout {
        let layout = WorkerLayout(
            workers: try workers ?? positiveNumber("SELVEDGE_WORKERS", in: environment)
                ?? placement.map { min($0.size, microBatchCount) },
            threads: try chosenThreads(environment), microBatchCount: microBatchCount)
        try placement?.check(workerCount: layout.workerCount, spares: spares)
        guard layout.workerCount <= microBatchCount else {
            throw ExitStatus(
                ProcessExitCode.usage,
                "\(layout.workerCount) workers cannot share \(microBatchCount) micro-batches: "
                    + "use at most \(microBatchCount), or more --micro-batches (which changes the bits)")
        }
        guard minWorkers <= layout.workerCount else {
            throw ExitStatus(
                ProcessExitCode.usage,
                "--min-workers \(minWorkers) is more than the \(layout.workerCount) workers of this run")
        }
        return layout
    }

    private func chosenThreads(_ environment: [String: String]) throws -> Int? {
        try threads ?? positiveNumber("SELVEDGE_THREADS", in: environment)
    }

    /// This command with `--resume auto` decided.
    private func decided(_ environment: [String: String]) throws -> TrainCommand {
        var command = self
        command.runOptions = try runOptions.decided(
            name: experiment.resolved().name, job: LaunchPlace.job(in: environment)?.value)
        return command
    }

    /// Trains with workers that a launcher of this program places.
    func run(on placement: some WorkerPlacement, environment: [String: String]) throws {
        try decided(environment).train(placement, environment: environment)
    }

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        let command = try decided(environment)
        guard !printConfig, !dryRun,
            let job = try LaunchedJob(launchOptions, command.runOptions, environment: environment)
        else {
            return try command.train(nil, environment: environment)
        }
        guard job.isLeader else {
            // A mistake in the command line ends every rank.
            _ = try experiment.resolved()
            let arguments =
                ["--threads", String(try chosenThreads(environment) ?? job.threadCount)]
                + flag("data", experiment.namedFolder)
            return try job.compute(
                arguments, restarts: restarts, page: serving.page, environment: environment)
        }
        try job.lead { try command.train(job, environment: environment) }
    }

    /// Supervises the coordinator and the workers that this process starts: all of the run, or one of a launched job.
    private func train(_ placement: (any WorkerPlacement)?, environment: [String: String]) throws {
        let resolved = try experiment.resolved(for: runOptions)
        if printConfig { return try printValues(of: resolved) }
        _ = try InstructionSet.chosen(environment: environment)
        let settings = try settingOptions.settings(environment: environment)
        let layout = try layout(
            microBatchCount: resolved.microBatchCount, minWorkers: settings.minimumWorkerCount, placement,
            environment: environment)
        if dryRun { return try DryRun(resolved, data: experiment.dataFolder(of: resolved), environment).show(layout) }
        let childCount = (placement?.childCount ?? layout.workerCount) + spares
        let handover = try faults.handover(workerCount: childCount, environment: environment)
        guard placement == nil || handover.folder == nil else { throw LaunchedJob.noFaults }
        let dataFolder = experiment.dataFolder(of: resolved)
        let chosenThreads = try chosenThreads(environment)
        // Set once the folder of the sockets is known.
        var network: ProxyLayout?
        let childEnvironment = environment.merging(try handover.variables()) { $1 }
        var supervisor = Supervisor(
            launcher: try placement?.launcher(environment: childEnvironment)
                ?? LocalLauncher(
                    executable: try Executable.path(), environment: childEnvironment,
                    shares: ProcessorShares(workerCount: layout.workerCount, threadCount: layout.threadCount)),
            workerCount: childCount, environment: childEnvironment,
            coordinatorArguments: { coordinatorArguments($0, layout, settings, placement) },
            workerArguments: { address, index in
                ["worker", "--supervised"]
                    + (placement?.workerArguments(index, threads: chosenThreads, data: dataFolder)
                        ?? ["--name", "worker-\(index)"] + meetingArguments(address, index, network)
                        + ["--threads", String(layout.threadCount)] + flag("data", dataFolder))
            },
            // The coordinator's progress bar may be on the terminal's current line.
            note: { Console.note((Console.isInteractive ? "\r\u{1B}[K" : "") + $0) })
        supervisor.restartLimit = restarts
        supervisor.graceMilliseconds = settings.graceMilliseconds
        let workerCount = supervisor.workerCount
        let announced = AnnouncedRun()
        let tracking = try trackOptions.tracking(
            environment: environment, parameters: { try values(of: resolved).entries.map { ($0.key, $0.value) } })
        // Threads that start here inherit the signals that the supervisor blocks.
        supervisor.prepare = { (folder) throws(LaunchError) in
            do {
                try serving.start(run: announced.look(in: folder))
                tracking?.start(run: announced.look(in: folder))
                guard handover.plan.needsProxy, let faultFolder = handover.folder else { return }
                let layout = ProxyLayout(folder: folder, workerCount: workerCount)
                try RunProxy.start(layout, faultFolder: faultFolder) { error in
                    Console.error("the proxy of the network faults has failed: \(error)")
                }
                network = layout
            } catch {
                throw .preparation(String(describing: error))
            }
        }
        defer { serving.finish(run: announced.path) }
        Suspension.refuse()
        let outcome = try supervisor.run()
        tracking?.finish(outcome)
        if case .exited(0) = outcome { handover.noteUntriggeredFaults() }
        try end(with: outcome, environment: environment)
    }

    /// Every value of the experiment, with the place that it came from.
    private func values(of resolved: Experiment) throws -> ExperimentValues {
        let file = try runOptions.experimentFile(name: resolved.name)
        return try ExperimentValues(
            of: resolved, from: experiment.source(from: file), flags: experiment.decidingFlags)
    }

    private func printValues(of resolved: Experiment) throws {
        let rows = try values(of: resolved).entries.map { [$0.key, $0.value, $0.source] }
        Console.result(TextTable.text([["key", "value", "source"]] + rows, leadingColumns: 3))
    }

    /// Ends with the run's exit code.
    private func end(with outcome: SupervisorOutcome, environment: [String: String]) throws {
        switch outcome {
        case .exited(0): return
        case .exited(let code): throw ExitCode(BatchSystem.exitCode(code, environment: environment))
        case .coordinatorLost(let text):
            throw ExitStatus(ProcessExitCode.requeue, "\(text); continue with --resume")
        case .endedAtOnce(let signal):
            throw ExitStatus(
                ProcessExitCode.signal(signal.rawValue),
                "ended at once by a second signal: continue with --resume from the last checkpoint")
        case .graceExceeded(let signal):
            throw ExitStatus(
                BatchSystem.exitCode(ProcessExitCode.signal(signal.rawValue), environment: environment),
                "the run did not end within the grace time; work since the last checkpoint is not saved: "
                    + "continue with --resume, and give a longer --grace next time")
        }
    }

    /// Where a worker meets the others: at the coordinator's own address, or at the proxy's.
    private func meetingArguments(_ address: String, _ index: Int, _ network: ProxyLayout?) -> [String] {
        guard let network else { return ["--coordinator", address] }
        return ["--coordinator", network.coordinatorAddress(ofWorker: index).description]
            + ["--announced-suffix=\(ProxyLayout.announcedSuffix)"]
    }

    private func coordinatorArguments(
        _ start: Supervisor.CoordinatorStart, _ layout: WorkerLayout, _ settings: RunSettings,
        _ placement: (any WorkerPlacement)?
    ) -> [String] {
        // A successor begins with the workers that are left.
        let startedCount = placement == nil || start.isSuccessor ? start.workerCount : layout.workerCount
        let workerCount = max(settings.minimumWorkerCount, min(layout.workerCount, startedCount))
        let continuedRun = start.isSuccessor ? runOptions.runOfPredecessor(announced: start.announcedRun) : nil
        return ["coordinator"] + experiment.arguments + runOptions.arguments(continuing: continuedRun)
            + (placement?.coordinatorArguments ?? ["--listen", start.address])
            + ["--announce-run", start.announcementFile]
            + ["--start-workers", String(workerCount), "--worker-limit", String(layout.workerCount)]
            + settings.arguments + output.arguments + ["--supervised"]
            + ["--continuation", Continuation(arguments: CommandLine.arguments).template]
            + (continuedRun == nil ? [] : ["--successor"])
    }
}

/// A terminal's Ctrl-Z. It reaches the supervisor alone, and workers that stand still would be replaced as
/// unresponsive.
private enum Suspension {
    /// Makes Ctrl-Z print why it does nothing, for as long as this process lives.
    static func refuse() {
        signal(SIGTSTP) { _ in
            let text: StaticString = """
                \nCtrl-Z cannot pause a training, which goes on: Ctrl-C saves and ends it, and --resume continues it\n
                """
            // Only what a signal handler may call.
            _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
        }
        // A program that starts this one may have blocked it.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTSTP)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}
