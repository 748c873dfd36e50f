import ArgumentParser
import Cluster
import Experiments
import Foundation
import Kernels
import NeuralNetwork

/// Times training steps of an experiment over worker processes of this host.
struct BenchStepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step", abstract: "Time training steps: images a second, FLOP/s, time in each layer.")

    @OptionGroup var experiment: ExperimentOptions

    @Option(help: "Worker processes; by default the largest power of two up to the cores and micro-batches.")
    var workers: Int?

    @Option(help: "Compute threads of each worker; by default the cores divided by the workers.")
    var threads: Int?

    @Option(help: "Steps to time.")
    var steps: Int = 200

    @Flag(help: "Print JSON.")
    var json = false

    @Option(help: .hidden)
    var rank: Int?

    @Option(help: .hidden)
    var directory: String?

    func validate() throws {
        guard steps > 0, workers ?? 1 > 0, threads ?? 1 > 0 else {
            throw ValidationError("--steps, --workers and --threads take numbers from 1")
        }
    }

    func run() throws {
        let resolved = try experiment.resolved().replacing(epochs: Self.manyEpochs)
        let layout = WorkerLayout(workers: workers, threads: threads, microBatchCount: resolved.microBatchCount)
        if let rank, let directory { return try measure(resolved, layout, rank, directory) }
        // Layers are timed in a run of their own, which looking at the clock slows a little.
        let plain = try results(layout, isProfiled: false)
        let profiled = try results(layout, isProfiled: true)
        let report = StepReport(
            experiment: resolved, model: try Model(resolved.model, loss: resolved.loss), layout: layout,
            plain: plain, profiled: profiled,
            peakFLOPS: PeakMeasurement.flopsPerSecond(
                kernels: try InstructionSet.chosen(environment: ProcessInfo.processInfo.environment).table))
        Console.result(json ? try report.json() : report.text)
    }

    private func results(_ layout: WorkerLayout, isProfiled: Bool) throws -> [StepBenchmark.Result] {
        try RankProcesses.run(count: layout.workerCount) { rank, directory in
            ["bench", "step"] + experiment.arguments
                + ["--workers", String(layout.workerCount), "--threads", String(layout.threadCount)]
                + ["--steps", String(steps), "--rank", String(rank), "--directory", directory]
                + (isProfiled ? ["--json"] : [])
        }.map { try JSONDecoder().decode(StepBenchmark.Result.self, from: $0) }
    }

    /// More than any number of steps needs.
    private static let manyEpochs = 10_000

    /// One rank's part; `--json` stands for the profile.
    private func measure(_ experiment: Experiment, _ layout: WorkerLayout, _ rank: Int, _ directory: String) throws {
        var benchmark = StepBenchmark(
            experiment: experiment, rank: rank, workerCount: layout.workerCount, threadCount: layout.threadCount,
            stepCount: steps, directory: directory, environment: ProcessInfo.processInfo.environment)
        benchmark.isProfiled = json
        Console.result(String(decoding: try JSONEncoder().encode(benchmark.run()), as: UTF8.self))
    }
}
