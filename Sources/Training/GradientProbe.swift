import Datasets
package import Experiments
package import KernelInterface
package import NeuralNetwork

/// Computes the gradient at a state, for people who look at a training.
///
/// It is that of the batch that follows the state in the order of the samples, also behind the last epoch: a function
/// of the state alone, on any number of threads and any instruction set. Nothing is changed by it.
package final class GradientProbe {
    private let model: Model
    private let schedule: BatchSchedule
    private let computer: StepComputer
    private let exchange: LocalExchange
    private var order: EpochOrderCache
    private let statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>

    /// Allocates memory for a pass and starts compute threads.
    ///
    /// - Throws: `DatasetError` when the data do not fit the model, `ArithmeticModeError` when the rounding mode is not
    ///   the default of IEEE 754.
    package init(
        experiment: Experiment, model: Model, data: TrainingData, kernels: KernelTable, threadCount: Int
    ) throws {
        self.model = model
        schedule = data.schedule(experiment)
        computer = try StepComputer(
            experiment: experiment, model: model, dataset: data.dataset, kernels: kernels, threadCount: threadCount)
        computer.own(0..<experiment.microBatchCount)
        exchange = LocalExchange(arenaCount: model.arenaCount)
        order = EpochOrderCache(training: data.split.training, seed: experiment.seed)
        statistics = .allocate(capacity: experiment.microBatchCount)
        statistics.initialize(repeating: MicroBatchStatistics())
    }

    deinit {
        statistics.deallocate()
    }

    /// The mean gradient of the batch's losses, without penalties of weights, for each trained tensor by its name. It
    /// costs one step.
    package func gradients(after state: ReplicatedState) -> [(name: String, values: [Float])] {
        let round = state.progress.round
        let place: (epoch: Int, step: Int) =
            switch schedule.round(round) {
            case .train(let epoch, let step): (epoch, step)
            case .validate(let epoch): (epoch + 1, 0)
            }
        let batch = schedule.batch(ofStep: place.step)
        computer.computeGradients(
            samples: order.indices(ofEpoch: place.epoch), batch: batch, step: schedule.completedSteps(before: round),
            parameters: state.parameters.pointer, roots: exchange.begin(round: round, batchSize: batch.count),
            statistics: statistics, exchange: exchange)
        let sum = exchange.finish(statistics: statistics)
        return model.parameters.filter { $0.role == .trainable }.map { parameter in
            (parameter.name, parameter.arenaRange.map { sum[$0] / Float(batch.count) })
        }
    }
}
