import ArgumentParser
import Experiments
import Foundation
import Kernels
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
        guard workers ?? 1 > 0 else { throw ValidationError("--workers takes a number from 1") }
        try WorkerLayout.check(threads: threads)
    }

    /// The number in a variable of the environment; nil where it is not set.
    private func positiveNumber(_ variable: String, in environment: [String: String]) throws -> Int? {
        guard let text = environment[variable], !text.isEmpty else { return nil }
        guard let number = Int(text), number > 0 else {
            throw ExitStatus(EX_USAGE, "\(variable)=\(text) is not a number from 1: correct or unset it")
        }
        return number
    }

    func run() throws {
        let resolved = try experiment.resolved(for: runOptions)
        let environment = ProcessInfo.processInfo.environment
        _ = try InstructionSet.chosen(environment: environment)
        let layout = WorkerLayout(
            workers: try workers ?? positiveNumber("SELVEDGE_WORKERS", in: environment),
            threads: try threads ?? positiveNumber("SELVEDGE_THREADS", in: environment),
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
