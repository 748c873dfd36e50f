import ArgumentParser
import Cluster
import Coordination
import Core
import Datasets
import Experiments
import Foundation
import Kernels
import NeuralNetwork
import Reports
import Runs
import Training
import Transport

/// Coordinates workers that connect to it.
struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator", abstract: "Coordinate workers that connect from this host or others.")

    @OptionGroup var experiment: ExperimentOptions
    @OptionGroup var runOptions: RunOptions
    @OptionGroup var settingOptions: RunSettingOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "Where to listen: tcp://HOST:PORT or ipc://PATH.")
    var listen: String

    @Option(help: "Workers that must connect before training starts; by default --min-workers.")
    var startWorkers: Int?

    @Option(help: "Most workers that compute at a time; more wait as spares. By default one for each micro-batch.")
    var workerLimit: Int?

    @OptionGroup var keyOptions: KeyOptions
    @OptionGroup var serving: ServeOptions

    @Option(help: "Seconds to wait for other workers when the last one was lost; 0 ends the run.")
    var waitForWorkers = 120

    @Flag(help: .hidden)
    var supervised = false

    @Flag(help: .hidden)
    var successor = false

    @Option(help: .hidden)
    var announceRun: String?

    /// The command that continues this run, of the supervisor that the user started.
    @Option(help: .hidden)
    var continuation: String?

    @Option(help: .hidden)
    var localWorkers: Int?

    @Option(help: .hidden)
    var ranks: Int?

    /// The numbers of workers at the start and at most, checked.
    private func workerCounts(
        minWorkers: Int, _ microBatchCount: Int
    ) throws -> (starting: Int, most: Int) {
        guard minWorkers <= microBatchCount else {
            throw ExitStatus(
                ProcessExitCode.usage,
                "--min-workers \(minWorkers): give a number from 1 to the \(microBatchCount) micro-batches")
        }
        let starting = startWorkers ?? minWorkers
        let most = workerLimit ?? microBatchCount
        guard minWorkers <= starting, starting <= most, most <= microBatchCount else {
            throw ExitStatus(
                ProcessExitCode.usage,
                "--min-workers \(minWorkers), --start-workers \(starting) and --worker-limit \(most) must not decrease and "
                    + "must be at most the \(microBatchCount) micro-batches")
        }
        return (starting, most)
    }

    func validate() throws {
        guard 0...86_400 ~= waitForWorkers else {
            throw ValidationError("--wait-for-workers takes a number from 0 to 86400")
        }
    }

    private func settings() throws -> CoordinatorSettings {
        let resolved = try experiment.resolved(for: runOptions)
        let environment = ProcessInfo.processInfo.environment
        let runSettings = try settingOptions.settings(environment: environment)
        let workers = try workerCounts(minWorkers: runSettings.minimumWorkerCount, resolved.microBatchCount)
        var settings = CoordinatorSettings(
            experiment: resolved, listenAddress: listen, workerCount: workers.starting, environment: environment,
            run: try runOptions.request)
        settings.data = experiment.dataFolder(of: resolved)
        settings.runSettings = runSettings
        settings.workerLimit = workers.most
        settings.localWorkerCount = localWorkers
        settings.rankCount = ranks
        if case .new = settings.run {
            settings.initialWeights = try InitialWeights(
                for: resolved, file: runOptions.initialWeights, skipsMismatches: runOptions.skipMismatch,
                data: experiment.namedFolder, environment: environment,
                readKeras: SeparateKerasReader.read)
        }
        settings.folderPolicy = runOptions.folderPolicy
        settings.keys = try keyOptions.read().map { try $0.file.coordinatorKeys(source: $0.source) }
        settings.keyFile = keyOptions.keyFile
        settings.isInsecure = keyOptions.insecure
        settings.isSupervised = supervised
        settings.waitForWorkersSeconds = waitForWorkers
        settings.showsDetails = output.verbose
        settings.isSuccessor = successor
        settings.announcementFile = announceRun
        return settings
    }

    func run() throws {
        defer {
            if supervised { AbandonedSockets.removeIfSupervisorIsGone(socket: listen, announcement: announceRun) }
        }
        var command = self
        command.runOptions = try runOptions.decided(
            name: experiment.resolved().name, job: LaunchPlace.job(in: ProcessInfo.processInfo.environment)?.value)
        try command.coordinate()
    }

    private func coordinate() throws {
        let display = TrainingDisplay(
            isInteractive: Console.isInteractive, presentsRun: !successor, announcesAddress: !supervised,
            isQuiet: output.quiet, stepsPerPoint: runOptions.logEvery)
        let settings = try settings()
        let process = try CoordinatorProcess(settings, observer: display)
        let folder = process.preparedRun.directory.path
        try serving.start(run: { folder })
        defer { serving.finish(run: folder) }
        let outcome = try process.train()
        display.finish()
        switch outcome {
        case .completed: break
        case .interrupted(_, _, let isSaved):
            // A supervisor tells its own end from a coordinator that has to be replaced.
            let code =
                supervised
                ? outcome.exitCode : BatchSystem.exitCode(outcome.exitCode, environment: settings.environment)
            Console.error(outcome.description + (isSaved ? " --run \(process.preparedRun.directory.path)" : ""))
            noteContinuation(of: process.preparedRun)
            throw ExitCode(code)
        case .failed:
            // The display has already shown the failure.
            if outcome.exitCode == ProcessExitCode.requeue { noteContinuation(of: process.preparedRun) }
            throw ExitCode(outcome.exitCode)
        }
        if !output.quiet, let text = EarlyStoppingText(process.preparedRun)?.text { Console.note(text) }
        let report = try FinalReport(process.preparedRun, environment: settings.environment)
        let pictures = try report.write(asJSON: runOptions.json, isQuiet: output.quiet)
        display.log(
            report.report, pictures: pictures, of: process.preparedRun, environment: settings.environment)
    }
}

extension CoordinatorCommand {
    private func noteContinuation(of run: PreparedRun) {
        let command = continuation.map { Continuation(template: $0) } ?? Continuation(arguments: CommandLine.arguments)
        Console.note("Continue with: \(command.command(run: run.directory.path))")
    }
}

/// The line about early stopping.
private struct EarlyStoppingText {
    let text: String

    /// Nil for a run that early stopping did not end.
    init?(_ run: PreparedRun) {
        var progress = TrainingProgress()
        progress.rows = run.rows
        guard let settings = run.experiment.earlyStopping, let stop = progress.stop(by: settings) else { return nil }
        let name = settings.monitor == .validationLoss ? "validation loss" : "validation accuracy"
        let change = settings.minimumChange == 0 ? "" : " by more than \(settings.minimumChange)"
        let kept = settings.restoresBestWeights ? progress.bestEpoch(settings).map { "epoch \($0) (best)" } : nil
        text =
            "Early stopping after epoch \(stop.epoch): the \(name) has not improved on \(Figures.metric(stop.bestValue)) of "
            + "epoch \(stop.improvedEpoch)\(change) for \(Figures.counted(settings.patience, "epoch")); the result has the "
            + "weights of \(kept ?? "epoch \(stop.epoch) (last)")"
    }
}

/// The report at the end of a training: the result on the test set, or on other samples without one, of the last weights or, where early stopping
/// restores them, the best.
struct FinalReport {
    let run: PreparedRun
    let report: RunReport

    init(_ run: PreparedRun, environment: [String: String]) throws {
        self.run = run
        let restoresBest = run.experiment.earlyStopping?.restoresBestWeights ?? false
        let hasBest = run.directory.hasBest
        if restoresBest, !hasBest {
            Console.warning("\(run.directory.paths.best) is missing: the result has the last weights")
        }
        let role: EvaluatedWeights.Role = restoresBest && hasBest ? .best : .last
        let checkpoint = try run.directory.checkpoint(role == .best ? RunFileName.best : RunFileName.last)
        let state = try ReplicatedState(checkpoint: checkpoint, model: run.model, experiment: run.experiment)
        let samples = try EvaluatedSamples(ofResult: run.experiment, training: run.trainingSet, test: run.testSet)
        let evaluator = try Evaluator(
            experiment: run.experiment, model: run.model, dataset: samples.dataset,
            kernels: InstructionSet.chosen(environment: environment).table, threadCount: Processors.available)
        report = try RunReport(
            experiment: run.experiment, model: run.model, rows: run.rows, training: run.trainingSet,
            evaluated: samples.dataset, split: samples.split, references: samples.references,
            weights: EvaluatedWeights(state.progress, run.schedule, role),
            timing: RunFiles(run.directory.paths).timing, origin: RunReport.Origin(run: run.directory.path),
            evaluation: evaluator.evaluate(state))
    }

    /// Writes the reports and pictures, and prints one of the reports. Returns the pictures.
    func write(asJSON: Bool, isQuiet: Bool) throws -> [Picture] {
        let written = try report.write(to: run.directory.folder)
        Console.result(asJSON ? json : report.text(columns: Console.resultColumns))
        if let note = written.note { Console.note(note) }
        if isQuiet { return written.pictures }
        let files = Self.files + written.files
        Console.note("Written to \(run.directory.path): \(files.joined(separator: ", "))")
        return written.pictures
    }

    /// The report with the run and its times.
    private var json: String {
        let timings = (try? RunTimings.lines(path: run.directory.paths.timings).compactMap(\.epoch)) ?? []
        let timing = report.timing
        func number(_ value: Double?) -> String { value.flatMap { $0.isFinite ? $0.description : nil } ?? "null" }
        return JSONResult.text(
            "train",
            [
                ("run", JSONText.string(run.directory.path)), ("seconds", number(timing?.seconds)),
                ("images_per_second", number(timing?.imagesPerSecond)),
                ("workers", timings.last.map { String($0.workerCount) } ?? "null"),
            ], object: report.json)
    }

    private static let files = [
        "checkpoints/last.safetensors", "checkpoints/best.safetensors", "metrics.jsonl", "history.csv",
        "timings.jsonl", "tensorboard/",
    ]
}

extension RunReport.Origin {
    /// Of a run, by its last status; nil where there is none. A later report of the same weights has the same.
    init?(run: String) {
        guard let status = RunSnapshot.now(of: run).status else { return nil }
        let time = Date(timeIntervalSince1970: Double(status.updatedMilliseconds) / 1000)
        self.init(trainedUntil: time.formatted(.iso8601), version: Build.version)
    }
}
