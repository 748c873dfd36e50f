import Collectives
import Datasets
package import Experiments
package import KernelInterface
package import NeuralNetwork
package import Runs

/// One replica of a training, as each worker has one: the replicated state and the rounds that advance it. No sockets,
/// no files.
///
/// A round is a pure function of the state before it, so repeating it gives the same bits. Every worker of a view runs
/// the same rounds and ends each with the same state.
package final class TrainingReplica {
    package let experiment: Experiment
    package let model: Model
    package let data: TrainingData
    package let schedule: BatchSchedule
    package private(set) var state: ReplicatedState
    /// Whether to compute a checksum of each step's summed gradient; one worker of a view does.
    package var takesGradientChecksum = false

    package let kernels: KernelTable
    private let computer: StepComputer
    private let learningRate: LearningRate
    /// Of all finished epochs, for schedules that depend on them.
    private var validationLosses: [Double]
    private var order: EpochOrderCache
    private let statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    /// All elements, as the parts of an update.
    private let wholeArena: [Range<Int>]
    /// How often the own samples of the last validation were taken for each class: the true class, then the predicted
    /// one. Empty for many classes.
    private var confusions: [UInt32]

    /// A table of more classes would say little.
    private static let countedClassLimit = 64

    /// A trainer that starts from `state`: a fresh one, or one from a checkpoint of the same experiment and schedule.
    ///
    /// Throws `DatasetError` when the data do not fit the model, `ArithmeticModeError` when floating point does not
    /// round as IEEE 754 does by default.
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
        wholeArena = [0..<model.arenaCount]
        statistics.initialize(repeating: MicroBatchStatistics())
        let classCount = model.classCount <= Self.countedClassLimit ? model.classCount : 0
        confusions = Array(repeating: 0, count: classCount * classCount)
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

    /// Continues from another worker's state of the same experiment and schedule.
    package func adopt(_ state: ReplicatedState) {
        self.state = state
        validationLosses = state.progress.rows.map(\.monitoredLoss)
    }

    /// Makes this worker the owner of a run of micro-batches. To be called before the first step and for every new
    /// view.
    package func own(_ run: Range<Int>) {
        let sizes = [0, schedule.stepsPerEpoch - 1].map { schedule.batch(ofStep: $0).count }
        computer.own(run, batchSizes: sizes)
    }

    /// Starts to time the units of training passes.
    package func startProfile() -> PassProfile {
        computer.pass.startProfile()
    }

    /// Runs the next step together with the other workers, and the validation after it when it ends an epoch.
    ///
    /// Throws `TrainingError` and the exchange's errors; the state is then as it was before the round that failed.
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
        let learningRate = rate(ofStep: completedSteps)
        try update(gradientSum, batchSize: batch.count, learningRate: learningRate, exchange)
        let checksum = takesGradientChecksum ? computer.checksum(gradientSum) : 0
        state.progress.add(totals)
        state.progress.round += 1
        return StepSummary(
            epoch: epoch, step: step, sampleCount: batch.count, lossSum: totals.lossSum,
            correctCount: totals.correctCount, learningRate: learningRate, epochLossSum: state.progress.lossSum,
            epochCorrectCount: state.progress.correctCount, epochSampleCount: state.progress.sampleCount,
            gradientChecksum: checksum)
    }

    /// Updates the state, together with the other workers of this host where they share the update.
    private func update(
        _ gradientSum: UnsafePointer<Float>, batchSize: Int, learningRate: Float, _ exchange: any GradientExchange
    ) throws {
        let shared = exchange.sharedUpdate()
        let own = shared ?? SharedUpdate(parts: wholeArena, target: state.arenas, isTargetNew: false)
        var isFinite = computer.isFinite(gradientSum, own.parts)
        if isFinite {
            computer.update(
                state, own, gradientSum: gradientSum, batchSize: batchSize, step: completedSteps + 1,
                learningRate: learningRate)
        }
        if shared != nil { isFinite = try exchange.finishUpdate(isFinite: isFinite) }
        guard isFinite else { throw TrainingError.nonFiniteGradient(step: completedSteps + 1) }
        state.use(own.target)
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
        return EpochResult(
            row: row, isBest: state.progress.bestEpoch(experiment.earlyStopping) == row.epoch,
            confusions: totals == nil ? [] : confusions)
    }

    private func validationTotals(epoch: Int, _ exchange: any GradientExchange) throws -> MicroBatchStatistics {
        let validation = data.split.validation
        let pieces = MicroBatches(sampleCount: validation.count, count: experiment.microBatchCount)
        var own = validation[pieces.begin(of: computer.run.lowerBound)...]
        for index in confusions.indices { confusions[index] = 0 }
        computer.computeStatistics(
            samples: validation, parameters: state.parameters.pointer, statistics: statistics
        ) { sampleCount in
            countConfusions(of: own.prefix(sampleCount))
            own = own.dropFirst(sampleCount)
        }
        try exchange.exchange(
            round: state.progress.round, sampleCount: validation.count, statistics: statistics)
        var totals = try checkedTotals {
            .nonFiniteValidationLoss(epoch: epoch + 1, step: completedSteps, microBatch: $0)
        }
        totals.lossSum += computer.penalty(state) * Double(validation.count)
        return totals
    }

    /// Counts the samples that the pass has just evaluated.
    private func countConfusions(of samples: ArraySlice<Int32>) {
        guard !confusions.isEmpty else { return }
        for (index, sample) in samples.enumerated() {
            let label = Int(data.dataset.labels[Int(sample)])
            confusions[label * model.classCount + Int(computer.pass.samplePredictions[index])] += 1
        }
    }

    /// The sums over the round's micro-batches by the fixed tree; `failure` makes the error for a loss that is not
    /// finite.
    private func checkedTotals(_ failure: (Int) -> TrainingError) throws(TrainingError) -> MicroBatchStatistics {
        for index in statistics.indices where !statistics[index].lossSum.isFinite { throw failure(index) }
        return MicroBatchStatistics.sum(statistics)
    }
}

/// The outcome of a finished step.
package struct StepResult: Sendable, Equatable {
    /// The training step; nil when only an epoch's pending validation was run.
    package var summary: StepSummary?
    /// The epoch that ended with this step.
    package var epoch: EpochResult?
}

/// The running figures of an epoch after a training step.
package struct StepSummary: Sendable, Equatable {
    /// From 0.
    package var epoch: Int
    /// From 0, within the epoch.
    package var step: Int
    /// Samples in this step's batch.
    package var sampleCount: Int
    /// Of this step's batch.
    package var lossSum: Double
    package var correctCount: Int
    package var learningRate: Float
    package var epochLossSum: Double
    package var epochCorrectCount: Int
    package var epochSampleCount: Int
    /// CRC-32C of the summed gradient, for the journal; 0 unless the trainer computes it.
    package var gradientChecksum: UInt32
}

/// An epoch's row, and whether its weights are the best so far.
package struct EpochResult: Sendable, Equatable {
    package var row: EpochRow
    package var isBest: Bool
    /// How often this worker's validation samples of each class were taken for each class, row by row; empty without
    /// validation, and for many classes.
    package var confusions: [UInt32]
}

/// Why training cannot continue.
package enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A micro-batch's loss is NaN or infinite. `step` counts from 1, `microBatch` from 0.
    case nonFiniteLoss(step: Int, microBatch: Int)
    /// A loss of the validation that ends an epoch is NaN or infinite. `epoch` counts from 1, `step` is the last
    /// complete one.
    case nonFiniteValidationLoss(epoch: Int, step: Int, microBatch: Int)
    /// The losses are finite but the summed gradient is not. `step` counts from 1.
    case nonFiniteGradient(step: Int)

    package var description: String {
        switch self {
        case .nonFiniteLoss(let step, let microBatch):
            "the loss of micro-batch \(microBatch) in step \(step) is not a finite number; "
                + "try a smaller learning rate, or look at the input"
        case .nonFiniteValidationLoss(let epoch, let step, let microBatch):
            "the loss of piece \(microBatch) of epoch \(epoch)'s validation, after step \(step), is not a finite number; "
                + "try a smaller learning rate, or look at the input"
        case .nonFiniteGradient(let step):
            "the gradient of step \(step) is not finite; try a smaller learning rate, or look at the input"
        }
    }
}
