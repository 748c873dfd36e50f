public import Checkpoints
public import Experiments
public import KernelInterface
public import NeuralNetwork

/// One worker's training: the replicated state and what advances it, round by round.
///
/// A round is a pure function of the state before it, so doing it again gives the same bits. Every worker of a view runs the same
/// rounds and ends each with the same state. The trainer knows neither sockets nor files.
public final class Trainer {
    public let experiment: Experiment
    public let model: Model
    public let data: TrainingData
    public let schedule: BatchSchedule
    public private(set) var state: ReplicatedState

    private let computer: StepComputer
    private let optimizer: Optimizer
    private var order: EpochOrderCache
    private let statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>

    /// A trainer that begins from `state`: a fresh one, or one from a checkpoint of the same experiment.
    public init(
        experiment: Experiment, model: Model, data: TrainingData, state: ReplicatedState, kernels: KernelTable,
        threadCount: Int
    ) {
        self.experiment = experiment
        self.model = model
        self.data = data
        self.state = state
        schedule = BatchSchedule(
            sampleCount: data.split.training.count, batchSize: experiment.batchSize, epochCount: experiment.epochs)
        optimizer = Optimizer(experiment.optimizer)
        computer = StepComputer(
            experiment: experiment, model: model, dataset: data.dataset, kernels: kernels, threadCount: threadCount)
        order = EpochOrderCache(training: data.split.training, seed: experiment.seed)
        statistics = .allocate(capacity: experiment.microBatchCount)
        statistics.initialize(repeating: MicroBatchStatistics())
    }

    deinit {
        statistics.deallocate()
    }

    /// Whether every round has been run.
    public var isFinished: Bool { state.progress.round >= schedule.roundCount }

    /// Makes this worker the owner of a run of micro-batches. Call it before the first round and with every new view.
    public func own(_ run: Range<Int>) {
        computer.own(run)
    }

    /// Replaces the state, as after copying a peer's.
    public func adopt(_ newState: ReplicatedState) {
        state = newState
    }

    /// Runs the next round together with the other workers.
    /// - Throws: `TrainingError.nonFinite`, or whatever the exchange throws; the state is then as it was before the round.
    public func runRound(_ exchange: any GradientExchange) throws -> RoundResult {
        precondition(!isFinished, "no round is left")
        switch schedule.round(state.progress.round) {
        case .train(let epoch, let step):
            return .trained(try train(epoch: epoch, step: step, exchange))
        case .validate(let epoch):
            return .epochEnded(try validate(epoch: epoch, exchange))
        }
    }

    private func train(epoch: Int, step: Int, _ exchange: any GradientExchange) throws -> StepSummary {
        let round = state.progress.round
        let batch = schedule.batch(ofStep: step)
        let gradientRoots = try exchange.begin(round: round, batchSize: batch.count)
        computer.computeGradients(
            samples: order.indices(ofEpoch: epoch), batch: batch, parameters: state.parameters.floats,
            gradientRoots: gradientRoots, statistics: statistics, exchange: exchange)
        let gradientSum = try exchange.finish(statistics: statistics)
        let totals = try checkedTotals(round: round)
        guard computer.isFinite(gradientSum) else {
            throw TrainingError.nonFiniteGradient(step: schedule.completedSteps(before: round) + 1)
        }
        computer.update(
            state, optimizer: optimizer, gradientSum: gradientSum, batchSize: batch.count,
            step: schedule.completedSteps(before: round) + 1)
        state.progress.add(totals)
        state.progress.round += 1
        return StepSummary(
            epoch: epoch, step: step, stepsPerEpoch: schedule.stepsPerEpoch, sampleCount: batch.count,
            epochLossSum: state.progress.lossSum, epochCorrectCount: state.progress.correctCount,
            epochSampleCount: state.progress.sampleCount)
    }

    private func validate(epoch: Int, _ exchange: any GradientExchange) throws -> EpochResult {
        let round = state.progress.round
        let validation = data.split.validation
        computer.computeStatistics(
            samples: validation, parameters: state.parameters.floats, statistics: statistics)
        try exchange.exchange(round: round, sampleCount: validation.count, statistics: statistics)
        let totals = try checkedTotals(round: round)
        let row = state.progress.endEpoch(
            epoch: epoch, step: schedule.completedSteps(before: round), validation: totals,
            learningRate: optimizer.learningRate)
        state.progress.round += 1
        return EpochResult(row: row, isBest: state.progress.bestEpoch == row.epoch)
    }

    /// The sums over the round's micro-batches by the fixed tree.
    private func checkedTotals(round: Int) throws(TrainingError) -> MicroBatchStatistics {
        for (index, microBatch) in statistics.enumerated() where !microBatch.lossSum.isFinite {
            throw .nonFiniteLoss(step: schedule.completedSteps(before: round) + 1, microBatch: index)
        }
        return MicroBatchStatistics.sum(statistics)
    }
}
