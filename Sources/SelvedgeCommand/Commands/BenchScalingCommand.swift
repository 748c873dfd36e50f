import ArgumentParser
import Cluster
import Coordination
import Experiments
import Foundation
import Kernels
import NeuralNetwork

/// Compares layouts of workers, threads and transports on one experiment.
struct BenchScalingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaling",
        abstract: "Time training steps with several numbers of workers and threads, and over each transport.",
        discussion: """
            The layouts take turns, and each figure is a median of the rounds. The efficiency is the rate divided by the \
            rate of one worker with one thread and by the cores in use.
            """)

    @OptionGroup var experiment: ExperimentOptions

    @Option(parsing: .upToNextOption, help: "Numbers of workers; by default powers of two up to twice the cores.")
    var workers: [Int] = []

    @Option(
        parsing: .upToNextOption,
        help: "Numbers of threads of a worker; by default 1 and the cores divided by the workers.")
    var threads: [Int] = []

    @Option(parsing: .upToNextOption, help: "How gradients travel: auto, zeromq, shared-memory.")
    var transports: [TransportKind] = [.automatic, .zeromq]

    @Option(help: "Steps to time in each round.")
    var steps: Int = 200

    @Option(help: "Rounds.")
    var rounds: Int = 3

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard steps > 0, rounds > 0, !transports.isEmpty, (workers + threads).allSatisfy({ $0 > 0 }) else {
            throw ValidationError("--workers, --threads, --steps and --rounds take numbers from 1")
        }
    }

    func run() throws {
        let resolved = try experiment.resolved()
        let layouts = layouts(microBatchCount: resolved.microBatchCount)
        var rounds = [[[StepBenchmark.Result]]](repeating: [], count: layouts.count)
        for _ in 0..<self.rounds {
            for (index, layout) in layouts.enumerated() {
                let processes = StepProcesses(
                    experiment: experiment, layout: layout.workers, transport: layout.transport, stepCount: steps)
                rounds[index].append(try processes.run())
            }
        }
        let instructionSet = try InstructionSet.chosen(environment: ProcessInfo.processInfo.environment)
        let report = ScalingReport(
            experiment: resolved.name, batchSize: resolved.batchSize,
            flopsPerSample: try Model(resolved.model, loss: resolved.loss).trainingFLOPsPerSample,
            instructionSet: instructionSet.rawValue, peakFLOPS: PeakMeasurement.flopsPerSecond(instructionSet),
            measurements: zip(layouts, rounds).map { ScalingReport.Measurement(layout: $0, rounds: $1) })
        Console.result(json ? JSONResult.text("bench scaling", object: try report.json()) : report.text)
    }

    /// One worker with one thread comes first: the others are compared with it.
    private func layouts(microBatchCount: Int) -> [ScalingReport.Layout] {
        let coreCount = Processors.available
        let powers = sequence(first: 1) { $0 * 2 }.prefix { $0 <= min(2 * coreCount, microBatchCount) }
        let counts = workers.isEmpty ? Array(powers) : workers.filter { $0 <= microBatchCount }
        let layouts = counts.flatMap { count in
            let threadCounts = threads.isEmpty ? Set([1, max(1, coreCount / count)]) : Set(threads)
            return threadCounts.sorted().flatMap { threadCount in
                // One worker exchanges nothing.
                (count == 1 ? [.automatic] : transports).map { transport in
                    ScalingReport.Layout(workerCount: count, threadCount: threadCount, transport: transport)
                }
            }
        }
        let single = ScalingReport.Layout(workerCount: 1, threadCount: 1, transport: .automatic)
        return [single] + layouts.filter { $0 != single }
    }
}

/// The output of `bench scaling`.
private struct ScalingReport {
    struct Layout: Equatable {
        let workerCount: Int
        let threadCount: Int
        let transport: TransportKind

        var workers: WorkerLayout { WorkerLayout(workers: workerCount, threads: threadCount, microBatchCount: 1) }
    }

    struct Measurement {
        let layout: Layout
        /// What each worker measured, for each round.
        let rounds: [[StepBenchmark.Result]]

        /// The slowest worker determines the time of a step.
        var stepSeconds: Double { median { $0.map(\.stepSeconds).max() } }
        var waitingSeconds: Double { median { $0.map(\.exchangeSeconds).max() } }
        var peakMemoryByteCount: Int { rounds.joined().map(\.peakMemoryByteCount).max() ?? 0 }

        private func median(_ value: ([StepBenchmark.Result]) -> Double?) -> Double {
            let sorted = rounds.compactMap(value).sorted()
            return sorted[sorted.count / 2]
        }
    }

    let experiment: String
    let batchSize: Int
    let flopsPerSample: Int
    let instructionSet: String
    /// The measured peak of one core.
    let peakFLOPS: Double
    let measurements: [Measurement]

    private func imagesPerSecond(_ measurement: Measurement) -> Double {
        Double(batchSize) / measurement.stepSeconds
    }

    private func efficiency(_ measurement: Measurement) -> Double {
        imagesPerSecond(measurement) / imagesPerSecond(measurements[0])
            / Double(measurement.layout.workers.usedCoreCount)
    }

    private func peakShare(_ measurement: Measurement) -> Double {
        imagesPerSecond(measurement) * Double(flopsPerSample) / peakFLOPS
            / Double(measurement.layout.workers.usedCoreCount)
    }

    func json() throws -> String {
        let rows = measurements.map { measurement in
            [
                "workers": measurement.layout.workerCount, "threads": measurement.layout.threadCount,
                "transport": measurement.layout.transport.rawValue,
                "images_per_second": imagesPerSecond(measurement).rounded(),
                "step_seconds": measurement.stepSeconds, "efficiency": efficiency(measurement),
                "share_of_peak": peakShare(measurement), "all_reduce_wait_seconds": measurement.waitingSeconds,
                "peak_memory_bytes": measurement.peakMemoryByteCount,
            ] as [String: Any]
        }
        let values: [String: Any] = [
            "experiment": experiment, "batch_size": batchSize, "instruction_set": instructionSet,
            "processor": Processors.model, "cores": Processors.available, "peak_flops_per_core": peakFLOPS.rounded(),
            "layouts": rows,
        ]
        return try Console.json(values)
    }

    var text: String {
        let summary = String(
            format: "%@, batch %d, on %d cores of %@ (%@, %.1f GFLOP/s a core)", experiment, batchSize,
            Processors.available, Processors.model, instructionSet, peakFLOPS / 1e9)
        let table = MarkdownTable(
            header: [
                "transport", "workers", "threads", "images/s", "efficiency", "share of peak", "waiting a step",
                "memory of a worker",
            ],
            rows: measurements.map { measurement in
                [
                    measurement.layout.workerCount == 1 ? "–" : measurement.layout.transport.rawValue,
                    String(measurement.layout.workerCount), String(measurement.layout.threadCount),
                    Figures.grouped(Int(imagesPerSecond(measurement))),
                    String(format: "%.2f", efficiency(measurement)),
                    String(format: "%.0f %%", peakShare(measurement) * 100),
                    String(format: "%.3f ms", measurement.waitingSeconds * 1e3),
                    String(format: "%.0f MB", Double(measurement.peakMemoryByteCount) / 1e6),
                ]
            })
        return summary + "\n\n" + table.text
    }
}
