import ArgumentParser
import Cluster
import Coordination
import Core
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

    @Option(help: "How gradients travel: auto, zeromq or shared-memory.")
    var transport = TransportKind.automatic

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
        // Layers are timed in a separate run, because reading the clock slows it a little.
        let processes = StepProcesses(experiment: experiment, layout: layout, transport: transport, stepCount: steps)
        let report = StepReport(
            experiment: resolved, model: try Model(resolved.model, loss: resolved.loss), layout: layout,
            plain: try processes.run(), profiled: try processes.run(isProfiled: true),
            peakFLOPS: PeakMeasurement.flopsPerSecond(
                try InstructionSet.chosen(environment: ProcessInfo.processInfo.environment)))
        Console.result(json ? JSONResult.text("bench step", object: try report.json()) : report.text)
    }

    /// More than any number of steps needs.
    private static let manyEpochs = 10_000

    /// One rank's part; `--json` requests the profile.
    private func measure(_ experiment: Experiment, _ layout: WorkerLayout, _ rank: Int, _ directory: String) throws {
        var benchmark = StepBenchmark(
            experiment: experiment, rank: rank, workerCount: layout.workerCount, threadCount: layout.threadCount,
            stepCount: steps, directory: directory, environment: ProcessInfo.processInfo.environment)
        benchmark.transport = transport
        benchmark.isProfiled = json
        Console.result(String(decoding: try JSONEncoder().encode(benchmark.run()), as: UTF8.self))
    }
}

/// Runs `bench step` in one process for each worker.
struct StepProcesses {
    let experiment: ExperimentOptions
    let layout: WorkerLayout
    let transport: TransportKind
    let stepCount: Int

    /// What each rank measured. `isProfiled` has each layer timed.
    func run(isProfiled: Bool = false) throws -> [StepBenchmark.Result] {
        try RankProcesses.run(count: layout.workerCount) { rank, directory in
            ["bench", "step"] + experiment.arguments
                + flag("workers", layout.workerCount) + flag("threads", layout.threadCount)
                + flag("transport", transport.rawValue) + flag("steps", stepCount) + flag("rank", rank)
                + flag("directory", directory) + (isProfiled ? ["--json"] : [])
        }.map { try JSONDecoder().decode(StepBenchmark.Result.self, from: $0) }
    }
}

/// The output of `bench step`. The slowest worker determines the time.
struct StepReport {
    let experiment: Experiment
    let model: Model
    let layout: WorkerLayout
    let plain: [StepBenchmark.Result]
    let profiled: [StepBenchmark.Result]
    /// The measured peak of one core.
    let peakFLOPS: Double

    private var stepSeconds: Double { plain.map(\.stepSeconds).max() ?? 0 }
    private var imagesPerSecond: Double { Double(experiment.batchSize) / stepSeconds }
    private var flopsPerSecond: Double { imagesPerSecond * Double(model.trainingFLOPsPerSample) }
    private var peakShare: Double { flopsPerSecond / (peakFLOPS * Double(layout.usedCoreCount)) }
    private var exchangeSeconds: Double { plain.map(\.exchangeSeconds).max() ?? 0 }
    private var peakMemoryByteCount: Int { plain.map(\.peakMemoryByteCount).max() ?? 0 }

    func json() throws -> String {
        let values: [String: Any] = [
            "experiment": experiment.name, "workers": layout.workerCount, "threads": layout.threadCount,
            "images_per_second": imagesPerSecond.rounded(), "step_seconds": stepSeconds,
            "flops_per_second": flopsPerSecond.rounded(), "peak_flops_per_core": peakFLOPS.rounded(),
            "share_of_peak": peakShare, "all_reduce_wait_seconds": exchangeSeconds,
            "peak_memory_bytes": peakMemoryByteCount, "instruction_set": plain.first?.instructionSet ?? "",
            "layers": (profiled.first?.units ?? []).map { unit in
                [
                    "name": unit.name, "forward_seconds": unit.forwardSeconds,
                    "parameter_gradient_seconds": unit.parameterGradientSeconds,
                    "input_gradient_seconds": unit.inputGradientSeconds,
                ] as [String: Any]
            },
        ]
        return try Console.json(values)
    }

    var text: String {
        let summary = String(
            format: """
                %@ on %d workers × %d threads, %@: %@ images/s, step %.3f ms
                %.1f GFLOP/s = %.1f %% of the measured peak (%.1f GFLOP/s a core, %d cores)
                waiting for gradient sums %.3f ms a step; peak memory of a worker %.1f MB
                """,
            experiment.name, layout.workerCount, layout.threadCount, plain.first?.instructionSet ?? "",
            Figures.grouped(Int(imagesPerSecond)), stepSeconds * 1e3, flopsPerSecond / 1e9, peakShare * 100,
            peakFLOPS / 1e9, layout.usedCoreCount, exchangeSeconds * 1e3, Double(peakMemoryByteCount) / 1e6)
        let units = (profiled.first?.units ?? []).map { unit in
            String(
                format: "%@ %8.3f ms %8.3f ms %8.3f ms", unit.name.padding(toLength: 32, withPad: " ", startingAt: 0),
                unit.forwardSeconds * 1e3, unit.parameterGradientSeconds * 1e3, unit.inputGradientSeconds * 1e3)
        }
        let header = "layer".padding(toLength: 32, withPad: " ", startingAt: 0) + "     forward   weights      input"
        return ([summary, "", header] + units).joined(separator: "\n")
    }
}

/// Measures speed on this host.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure training steps, kernels, the all-reduce or the reading of data on this host.",
        subcommands: [
            BenchStepCommand.self, BenchScalingCommand.self, BenchKernelsCommand.self, BenchAllReduceCommand.self,
            BenchDataCommand.self,
        ])
}
