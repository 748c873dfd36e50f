import ArgumentParser
import Cluster
import Experiments
import Foundation
import Kernels

/// Compares each layer's matrix products with the peak of a core.
struct BenchKernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Time each convolution and dense layer on one core, as a share of the core's measured peak.",
        discussion: """
            One process with one thread trains a few steps of each experiment. Times are processor time, so other \
            processes disturb them little. A share counts the multiply-adds of the layer's definition: an algorithm that \
            needs fewer of them (Winograd) can exceed 100 %.
            """)

    @Argument(help: ArgumentHelp("Names of experiments, or files.", valueName: "experiment"))
    var experiments: [String] = ["A-1", "B-2", "A-4", "D-8", "C-1", "E-2"]

    @Option(help: "Steps to time of each experiment; by default as many as have about 2,000 images.")
    var steps: Int?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard steps ?? 1 > 0 else { throw ValidationError("--steps takes numbers from 1") }
    }

    func run() throws {
        let instructionSet = try InstructionSet.chosen(environment: ProcessInfo.processInfo.environment)
        let report = try KernelReport(
            instructionSet: instructionSet.rawValue, experiments: experiments.map { try measure($0, instructionSet) })
        Console.result(json ? JSONResult.text("bench kernels", object: try report.json()) : report.text)
    }

    private func measure(_ name: String, _ instructionSet: InstructionSet) throws -> KernelReport.Experiment {
        var experiment = try Experiment.resolve(name).replacing(epochs: Self.manyEpochs)
        experiment.dataset = experiment.dataset.synthetic
        let environment = ProcessInfo.processInfo.environment
        let directory = try PrivateDirectory(environment: environment)
        let stepCount = steps ?? max(Self.imageCount / experiment.batchSize, 3)
        var benchmark = StepBenchmark(
            experiment: experiment, rank: 0, workerCount: 1, threadCount: 1, stepCount: stepCount,
            directory: directory.path, environment: environment)
        benchmark.isProfiled = true
        // The peak changes with the clock rate, so it is measured beside each experiment.
        let before = PeakMeasurement.flopsPerSecond(instructionSet)
        let units = try benchmark.run().units.filter { $0.forwardFLOPs > 0 }
        let peak = max(before, PeakMeasurement.flopsPerSecond(instructionSet))
        return KernelReport.Experiment(
            name: experiment.name, batchSize: experiment.batchSize, peakFLOPS: peak, units: units)
    }

    /// More than any number of steps needs.
    private static let manyEpochs = 10_000
    private static let imageCount = 2000
}

/// The output of `bench kernels`.
private struct KernelReport {
    struct Experiment {
        let name: String
        let batchSize: Int
        /// The measured peak of one core.
        let peakFLOPS: Double
        let units: [StepBenchmark.UnitTime]

        /// Shares of the peak: forward, weight gradient, input gradient. Nil where the part was not computed.
        func shares(_ unit: StepBenchmark.UnitTime) -> [Double?] {
            [unit.forwardSeconds, unit.parameterGradientSeconds, unit.inputGradientSeconds].map { seconds in
                seconds > 0 ? Double(unit.forwardFLOPs) / seconds / peakFLOPS : nil
            }
        }
    }

    let instructionSet: String
    let experiments: [Experiment]

    func json() throws -> String {
        let layers = experiments.flatMap { experiment in
            experiment.units.map { unit in
                var row: [String: Any] = [
                    "experiment": experiment.name, "batch_size": experiment.batchSize, "layer": unit.name,
                    "forward_flops": unit.forwardFLOPs, "peak_flops_per_core": experiment.peakFLOPS.rounded(),
                ]
                let names = ["forward_share", "weight_gradient_share", "input_gradient_share"]
                for (name, value) in zip(names, experiment.shares(unit)) { row[name] = value }
                return row
            }
        }
        let values: [String: Any] = [
            "instruction_set": instructionSet, "processor": Processors.model, "layers": layers,
        ]
        return try Console.json(values)
    }

    var text: String {
        let table = MarkdownTable(
            header: [
                "experiment", "layer", "batch", "MFLOP a sample", "peak, GFLOP/s", "forward", "weight gradient",
                "input gradient",
            ],
            rows: experiments.flatMap { experiment in
                experiment.units.map { unit in
                    [
                        experiment.name, unit.name, String(experiment.batchSize),
                        String(format: "%.3f", Double(unit.forwardFLOPs) / Double(experiment.batchSize) / 1e6),
                        String(format: "%.1f", experiment.peakFLOPS / 1e9),
                    ] + experiment.shares(unit).map { $0.map { String(format: "%.0f %%", $0 * 100) } ?? "–" }
                }
            }, wordColumnCount: 2)
        return "Shares of one core's measured peak, \(instructionSet), \(Processors.model)\n\n" + table.text
    }
}
