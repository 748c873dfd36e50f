import Collectives
package import Datasets
package import Experiments
package import KernelInterface
package import NeuralNetwork

/// A model's results on a labelled data set.
///
/// ```swift
/// let evaluation = try Checkpoint(path: "runs/A-1-1/checkpoints/last.safetensors").evaluate()
/// print(evaluation.loss, evaluation.accuracy)
/// ```
public struct Evaluation: Sendable {
    /// Mean loss: losses summed in Double by the fixed tree of pieces, divided once.
    public var loss: Double
    public var accuracy: Double
    public var labels: [UInt8]
    /// The class with the highest output, the first of equals; one a sample.
    public var predictions: [UInt8]
    /// `[samples, classes]`: the last layer's outputs before its activation.
    public var logits: [Float]
    /// `[samples, classes]`
    public var probabilities: [Float]
}

/// Runs data sets forward in this process. Results do not depend on the number of threads.
package final class Evaluator {
    private let computer: StepComputer
    private let experiment: Experiment
    private let dataset: ImageDataset
    private let model: Model

    /// - Throws: `DatasetError` when the data do not fit the model, `ArithmeticModeError` when the rounding mode is not
    ///   the default of IEEE 754.
    package init(
        experiment: Experiment, model: Model, dataset: ImageDataset, kernels: KernelTable, threadCount: Int
    ) throws {
        self.experiment = experiment
        self.model = model
        self.dataset = dataset
        computer = try StepComputer(
            experiment: experiment, model: model, dataset: dataset, kernels: kernels, threadCount: threadCount)
        computer.own(0..<experiment.microBatchCount)
    }

    /// Evaluates the first `sampleLimit` samples, or all.
    package func evaluate(_ state: ReplicatedState, sampleLimit: Int? = nil) -> Evaluation {
        let count = min(sampleLimit ?? dataset.sampleCount, dataset.sampleCount)
        let samples = (0..<Int32(count)).map { $0 }
        var statistics = [MicroBatchStatistics](
            repeating: MicroBatchStatistics(), count: experiment.microBatchCount)
        var result = Evaluation(
            loss: 0, accuracy: 0, labels: Array(dataset.labels.prefix(count)), predictions: [], logits: [],
            probabilities: [])
        let pass = computer.pass
        let totals = statistics.withUnsafeMutableBufferPointer { buffer in
            computer.computeStatistics(
                samples: samples, parameters: state.parameters.pointer, statistics: buffer
            ) { sampleCount in
                result.predictions += UnsafeBufferPointer(start: pass.samplePredictions, count: sampleCount)
                let outputs = sampleCount * model.classCount
                result.logits += UnsafeBufferPointer(start: pass.logits, count: outputs)
                result.probabilities += UnsafeBufferPointer(start: pass.probabilities, count: outputs)
            }
            return MicroBatchStatistics.sum(buffer)
        }
        result.loss = totals.lossSum / Double(count) + computer.penalty(state)
        result.accuracy = Double(totals.correctCount) / Double(count)
        return result
    }
}
