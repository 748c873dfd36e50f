import Cluster
import Experiments
import Foundation
import NeuralNetwork

/// What `bench step` prints. The slowest worker counts.
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
    private var coreCount: Int { min(layout.workerCount * layout.threadCount, Processors.available) }
    private var peakShare: Double { flopsPerSecond / (peakFLOPS * Double(coreCount)) }
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
        let data = try JSONSerialization.data(withJSONObject: values, options: [.sortedKeys])
        return String(decoding: data, as: UTF8.self)
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
            peakFLOPS / 1e9, coreCount, exchangeSeconds * 1e3, Double(peakMemoryByteCount) / 1e6)
        let units = (profiled.first?.units ?? []).map { unit in
            String(
                format: "%@ %8.3f ms %8.3f ms %8.3f ms", unit.name.padding(toLength: 32, withPad: " ", startingAt: 0),
                unit.forwardSeconds * 1e3, unit.parameterGradientSeconds * 1e3, unit.inputGradientSeconds * 1e3)
        }
        let header = "layer".padding(toLength: 32, withPad: " ", startingAt: 0) + "     forward   weights      input"
        return ([summary, "", header] + units).joined(separator: "\n")
    }
}
