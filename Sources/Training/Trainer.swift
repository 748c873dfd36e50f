import Datasets
package import Experiments
package import KernelInterface
package import NeuralNetwork
import Runs

/// One worker's training: the replicated state and what advances it, round by round.
///
/// A round is a pure function of the state before it, so doing it again gives the same bits. Every worker of a view runs the same
/// rounds and ends each with the same state. The trainer knows neither sockets nor files.
package final class Trainer {
    package let experiment: Experiment
    package let model: Model
    package let data: TrainingData
    package let schedule: BatchSchedule
    package private(set) var state: ReplicatedState
    /// Whether each step's summed gradient gets a checksum; one worker of a view takes it.
    package var takesGradientChecksum = false

    package let kernels: KernelTable
    private let computer: StepComputer
    private let learningRate: LearningRate
    /// Of all finished epochs, for schedules that look at them.
    private var validationLosses: [Double]
    private var order: EpochOrderCache
    private let statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>

    /// A trainer that begins from `state`: a fresh one, or one from a checkpoint of the same experiment and schedule.
    ///
    /// Throws `DatasetError` when the data do not fit the model, `ArithmeticModeError` when floating point does not round
    /// as IEEE says by default.
    package init(
        experiment: Experiment, model: Model, data: TrainingData, state: ReplicatedState, kernels: KernelTable,
        threadCount: Int
    ) throws {
        self.experiment = experiment
        self.model = model
        self.data = data
        self.state = state
        self.kernels = kernels
        schedule = data.schedule(experiment)
        validationLosses = state.progress.rows.map(\.monitoredLoss)
        learningRate = LearningRate(
            experiment.optimizer, stepsPerEpoch: schedule.stepsPerEpoch, epochCount: experiment.epochs)
        computer = try StepComputer(
            experiment: experiment, model: model, dataset: data.dataset, kernels: kernels, threadCount: threadCount)
        order = EpochOrderCache(training: data.split.training, seed: experiment.seed)
        statistics = .allocate(capacity: experiment.microBatchCount)
        statistics.initialize(repeating: MicroBatchStatistics())
    }

    deinit {
        statistics.deallocate()
    }

    /// Optimizer steps that are complete.
    package var completedSteps: Int { schedule.completedSteps(before: state.progress.round) }

    /// Whether every step of every epoch is complete, or early stopping ended training.
    package var isFinished: Bool {
        state.progress.isFinished(schedule, earlyStopping: experiment.earlyStopping)
    }

    /// Goes on from another worker's state, which is of the same experiment and schedule.
    package func adopt(_ state: ReplicatedState) {
        self.state = state
        validationLosses = state.progress.rows.map(\.monitoredLoss)
    }

    /// Makes this worker the owner of a run of micro-batches. Call it before the first step and with every new view.
    package func own(_ run: Range<Int>) {
        let sizes = [0, schedule.stepsPerEpoch - 1].map { schedule.batch(ofStep: $0).count }
        computer.own(run, batchSizes: sizes)
    }

    /// Begins to time the units of training passes.
    package func startProfile() -> PassProfile {
        computer.pass.startProfile()
    }

    /// Runs the next step together with the other workers, and the validation after it when it ends an epoch.
    ///
    /// Throws `TrainingError`, or whatever the exchange throws; the state is then as it was before the round that failed.
    package func runStep(_ exchange: any GradientExchange) throws -> StepResult {
        precondition(!isFinished, "no step is left")
        var result = StepResult()
        if case .train(let epoch, let step) = schedule.round(state.progress.round) {
            result.summary = try train(epoch: epoch, step: step, exchange)
        }
        if case .validate(let epoch) = schedule.round(state.progress.round) {
            result.epoch = try validate(epoch: epoch, exchange)
        }
        return result
    }

    private func train(epoch: Int, step: Int, _ exchange: any GradientExchange) throws -> StepSummary {
        let round = state.progress.round
        let batch = schedule.batch(ofStep: step)
        let roots = try exchange.begin(round: round, batchSize: batch.count)
        computer.computeGradients(
            samples: order.indices(ofEpoch: epoch), batch: batch, step: completedSteps,
            parameters: state.parameters.pointer, roots: roots, statistics: statistics, exchange: exchange)
        let gradientSum = try exchange.finish(statistics: statistics)
        var totals = try checkedTotals { .nonFiniteLoss(step: completedSteps + 1, microBatch: $0) }
        totals.lossSum += computer.penalty(state) * Double(batch.count)
        guard computer.isFinite(gradientSum) else { throw TrainingError.nonFiniteGradient(step: completedSteps + 1) }
        computer.update(
            state, gradientSum: gradientSum, batchSize: batch.count, step: completedSteps + 1,
            learningRate: rate(ofStep: completedSteps))
        let checksum = takesGradientChecksum ? computer.checksum(gradientSum) : 0
        state.progress.add(totals)
        state.progress.round += 1
        return StepSummary(
            epoch: epoch, step: step, sampleCount: batch.count, epochLossSum: state.progress.lossSum,
            epochCorrectCount: state.progress.correctCount, epochSampleCount: state.progress.sampleCount,
            gradientChecksum: checksum)
    }

    private func rate(ofStep step: Int) -> Float {
        learningRate.rate(step: step, validationLosses: validationLosses)
    }

    private func validate(epoch: Int, _ exchange: any GradientExchange) throws -> EpochResult {
        let totals = data.split.validation.isEmpty ? nil : try validationTotals(epoch: epoch, exchange)
        let row = state.progress.endEpoch(
            epoch: epoch, step: completedSteps, validation: totals, learningRate: rate(ofStep: completedSteps - 1))
        validationLosses.append(row.monitoredLoss)
        state.progress.round += 1
        return EpochResult(row: row, isBest: state.progress.bestEpoch(experiment.earlyStopping) == row.epoch)
    }

    private func validationTotals(epoch: Int, _ exchange: any GradientExchange) throws -> MicroBatchStatistics {
        let validation = data.split.validation
        computer.computeStatistics(
            samples: validation, parameters: state.parameters.pointer, statistics: statistics)
        try exchange.exchange(
            round: state.progress.round, sampleCount: validation.count, statistics: statistics)
        var totals = try checkedTotals {
            .nonFiniteValidationLoss(epoch: epoch + 1, step: completedSteps, microBatch: $0)
        }
        totals.lossSum += computer.penalty(state) * Double(validation.count)
        return totals
    }

    /// The sums over the round's micro-batches by the fixed tree; `failure` makes the error for one that is not finite.
    private func checkedTotals(_ failure: (Int) -> TrainingError) throws(TrainingError) -> MicroBatchStatistics {
        for index in statistics.indices where !statistics[index].lossSum.isFinite { throw failure(index) }
        return MicroBatchStatistics.sum(statistics)
    }
}
