import ArgumentParser
import Experiments
import Foundation
import Launching

/// Trains on this host: a supervisor with a coordinator and workers as its children.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train an experiment on this host, then evaluate it on the test set.")

    @OptionGroup var experiment: ExperimentOptions
    @OptionGroup var runOptions: RunOptions

    @Option(help: "Worker processes; by default the largest power of two up to the cores and micro-batches.")
    var workers: Int?

    @Option(help: "Compute threads of each worker; by default the cores divided by the workers.")
    var threads: Int?

    func validate() throws {
        guard workers ?? 1 > 0, threads ?? 1 > 0 else {
            throw ValidationError("--workers and --threads take numbers from 1")
        }
    }

    func run() throws {
        let name = try experiment.resolved().name
        let resolved = try experiment.resolved(from: runOptions.experimentFile(name: name))
        let environment = ProcessInfo.processInfo.environment
        let layout = WorkerLayout(
            workers: workers ?? environment["SELVEDGE_WORKERS"].flatMap { Int($0) },
            threads: threads ?? environment["SELVEDGE_THREADS"].flatMap { Int($0) },
            microBatchCount: resolved.microBatchCount)
        guard layout.workerCount <= resolved.microBatchCount else {
            throw ExitStatus(
                EX_USAGE,
                "\(layout.workerCount) workers cannot share \(resolved.microBatchCount) micro-batches: "
                    + "use at most \(resolved.microBatchCount), or more --micro-batches (which changes the bits)")
        }
        let supervisor = LocalSupervisor(
            executable: try Executable.path(), workerCount: layout.workerCount, environment: environment,
            coordinatorArguments: { address in
                ["coordinator"] + experiment.arguments + runOptions.arguments
                    + ["--listen", address, "--min-workers", String(layout.workerCount), "--supervised"]
            },
            workerArguments: { address, index in
                ["worker", "--coordinator", address, "--name", "worker-\(index)", "--threads"]
                    + [String(layout.threadCount), "--supervised"] + flag("data", experiment.dataFolder)
            })
        switch try supervisor.run() {
        case .exited(0): return
        case .exited(let code): throw ExitCode(code)
        case .coordinatorLost(let text):
            throw ExitStatus(EX_TEMPFAIL, "\(text); go on with --resume")
        case .interrupted(let signal): throw ExitStatus(128 + signal, "ended at once by a second signal")
        }
    }
}

/// This program's own file.
enum Executable {
    static func path() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }
}
