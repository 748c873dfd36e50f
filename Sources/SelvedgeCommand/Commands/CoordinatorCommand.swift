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

    @Option(help: "Where to listen: tcp://HOST:PORT or ipc://PATH.")
    var listen: String

    @Option(help: "Workers that must connect before training starts; by default --min-workers.")
    var startWorkers: Int?

    @Option(help: "Most workers that compute at a time; more wait as spares. By default one for each micro-batch.")
    var workerLimit: Int?

    @OptionGroup var keyOptions: KeyOptions

    @Option(help: "Seconds to wait for other workers when the last one was lost; 0 ends the run.")
    var waitForWorkers = 120

    @Flag(help: .hidden)
    var supervised = false

    @Flag(help: .hidden)
    var successor = false

    @Option(help: .hidden)
    var announceRun: String?

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
            run: runOptions.request)
        settings.data = experiment.dataFolder
        settings.runSettings = runSettings
        settings.workerLimit = workers.most
        if case .new = settings.run {
            settings.initialWeights = try InitialWeights(
                for: resolved, file: runOptions.initialWeights, data: experiment.dataFolder, environment: environment,
                readKeras: SeparateKerasReader.read)
        }
        settings.folderPolicy = runOptions.folderPolicy
        settings.keys = try keyOptions.read().map { try $0.file.coordinatorKeys(source: $0.source) }
        settings.keyFile = keyOptions.keyFile
        settings.isInsecure = keyOptions.insecure
        settings.isSupervised = supervised
        settings.waitForWorkersSeconds = waitForWorkers
        settings.isSuccessor = successor
        settings.announcementFile = announceRun
        return settings
    }

    func run() throws {
        defer { if supervised { AbandonedSockets.removeIfSupervisorIsGone(around: listen) } }
        let display = TrainingDisplay(
            isInteractive: Console.isInteractive, presentsRun: !successor, announcesAddress: !supervised)
        let settings = try settings()
        let process = try CoordinatorProcess(settings, observer: display)
        let outcome = try process.train()
        display.finish()
        switch outcome {
        case .completed: break
        case .interrupted(_, _, let isSaved):
            // A supervisor tells its own end from a coordinator that has to be replaced.
            let code =
                supervised
                ? outcome.exitCode : BatchSystem.exitCode(outcome.exitCode, environment: settings.environment)
            let place = isSaved ? " --run \(process.preparedRun.directory.path)" : ""
            throw ExitStatus(code, outcome.description + place)
        // The display has already shown the failure.
        case .failed: throw ExitCode(outcome.exitCode)
        }
        try FinalReport(process.preparedRun, environment: settings.environment).write(asJSON: runOptions.json)
    }
}

/// The report at the end of a training: the result on the test set of the last weights or, where early stopping restores
/// them, the best.
struct FinalReport {
    let run: PreparedRun
    let report: RunReport

    init(_ run: PreparedRun, environment: [String: String]) throws {
        self.run = run
        let restoresBest = run.experiment.earlyStopping?.restoresBestWeights ?? false
        let checkpoint = try run.directory.checkpoint(restoresBest ? RunFileName.best : RunFileName.last)
        let state = try ReplicatedState(checkpoint: checkpoint, model: run.model, experiment: run.experiment)
        let evaluator = try Evaluator(
            experiment: run.experiment, model: run.model, dataset: run.testSet,
            kernels: InstructionSet.chosen(environment: environment).table, threadCount: Processors.available)
        report = try RunReport(
            experiment: run.experiment, model: run.model, rows: run.rows, training: run.trainingSet,
            evaluated: run.testSet, evaluation: evaluator.evaluate(state))
    }

    /// Writes the reports and pictures, and prints one of the reports.
    func write(asJSON: Bool) throws {
        let written = try report.write(to: run.directory.folder)
        Console.result(asJSON ? report.json : report.text)
        if let note = written.note { Console.note(note) }
        let files = Self.files + written.files
        Console.note("Written to \(run.directory.path): \(files.joined(separator: ", "))")
    }

    private static let files = [
        "checkpoints/last.safetensors", "checkpoints/best.safetensors", "metrics.jsonl", "history.csv",
        "timings.jsonl",
    ]
}
