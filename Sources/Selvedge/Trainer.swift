internal import Cluster
internal import Foundation
internal import Kernels

/// Trains an experiment in this process. The result has the same bits as that of `selvedge train` with any number of
/// workers.
///
/// ```swift
/// let trainer = try Trainer(.shipped(named: "A-1"), threadCount: 2)
/// try trainer.train { step in
///     if let row = step.finishedEpoch { print("epoch \(row.epoch): loss \(row.loss)") }
/// }
/// print(try trainer.evaluate().accuracy)
/// try trainer.checkpoint().write(to: "a-1.safetensors")
/// ```
public final class Trainer {
    /// The experiment, with the digest of its initial weights instead of their place.
    public let experiment: Experiment
    private let model: Model
    private let test: ImageDataset?
    private let replica: TrainingReplica
    private let exchange: LocalExchange
    private let threadCount: Int
    private var bestBytes: [UInt8]?

    /// A training from its start, on the experiment's data.
    ///
    /// `dataFolder` is searched for the data instead of the usual places. Without a `threadCount` each processor has a
    /// compute thread; the number changes no bit of the result.
    ///
    /// - Throws: an error whose description is one line, where the experiment, its data or its weights cannot be used.
    public convenience init(_ experiment: Experiment, dataFolder: String? = nil, threadCount: Int? = nil) throws {
        let environment = ProcessInfo.processInfo.environment
        let experiment = try DatasetLookup.resolved(experiment, data: dataFolder, environment: environment)
        let images = try DatasetLookup.load(experiment, data: dataFolder, environment: environment)
        try self.init(
            experiment, training: images.training, test: images.test, resumed: nil, dataFolder: dataFolder,
            threadCount: threadCount)
    }

    /// A training from its start, on images in memory instead of the experiment's data.
    ///
    /// The experiment says which of the `training` images validate; with `ValidationConfiguration.testSet` those of
    /// `test` do. Without `test` images nothing can be evaluated.
    ///
    /// - Throws: an error whose description is one line, where the images do not fit the model.
    public convenience init(
        _ experiment: Experiment, training: ImageDataset, test: ImageDataset? = nil, threadCount: Int? = nil
    ) throws {
        var joined = training
        if experiment.dataset.validation == .testSet {
            guard let test else { throw DatasetError.noTestSet(experiment: experiment.name) }
            joined = try training.joined(withValidation: test)
        }
        try self.init(
            experiment, training: joined, test: test, resumed: nil, dataFolder: nil, threadCount: threadCount)
    }

    /// A training that continues where a checkpoint ends, to a number of epochs, or to the experiment's.
    ///
    /// The result has the bits of a training that was never interrupted.
    ///
    /// - Throws: an error whose description is one line, where the data cannot be used or are not those of the
    ///   checkpoint.
    public convenience init(
        resuming checkpoint: Checkpoint, epochs: Int? = nil, dataFolder: String? = nil, threadCount: Int? = nil
    ) throws {
        var experiment = checkpoint.experiment
        experiment.epochs = epochs ?? experiment.epochs
        let images = try DatasetLookup.load(
            experiment, data: dataFolder, environment: ProcessInfo.processInfo.environment)
        try self.init(
            experiment, training: images.training, test: images.test, resumed: checkpoint, dataFolder: dataFolder,
            threadCount: threadCount)
    }

    private init(
        _ experiment: Experiment, training: ImageDataset, test: ImageDataset?, resumed checkpoint: Checkpoint?,
        dataFolder: String?, threadCount: Int?
    ) throws {
        var experiment = experiment
        let environment = ProcessInfo.processInfo.environment
        model = try Model(experiment.model, loss: experiment.loss)
        try training.check(fits: model)
        try test?.check(fits: model)
        let data = try TrainingData(dataset: training, experiment: experiment)
        let state: ReplicatedState
        if let checkpoint {
            state = try checkpoint.state(schedule: data.schedule(experiment))
        } else if let weights = try InitialWeights(
            for: experiment, file: nil, data: dataFolder, environment: environment)
        {
            experiment = weights.resolving(experiment)
            state = try weights.state(model: model, experiment: experiment)
        } else {
            state = ReplicatedState(model: model, experiment: experiment)
        }
        self.experiment = experiment
        self.test = test
        self.threadCount = threadCount ?? Processors.available
        replica = try TrainingReplica(
            experiment: experiment, model: model, data: data, state: state,
            kernels: InstructionSet.chosen(environment: environment).table, threadCount: self.threadCount)
        replica.own(0..<experiment.microBatchCount)
        exchange = LocalExchange(arenaCount: model.arenaCount)
    }

    /// The rows of all finished epochs.
    public var epochs: [EpochRow] { replica.state.progress.rows }

    /// Whether every step of every epoch is complete, or early stopping ended the training.
    public var isFinished: Bool { replica.isFinished }

    /// Trains to the end, and calls `progress` after each step. An error that `progress` throws ends the call; training
    /// can then go on with the next call.
    ///
    /// - Throws: `progress`'s errors, and one whose description is one line where a loss is not a finite number.
    public func train(_ progress: (TrainingStep) throws -> Void = { _ in }) throws {
        while !isFinished { try progress(try trainStep()) }
    }

    /// Trains one step, and validates after the last step of an epoch.
    ///
    /// - Precondition: the training is not finished.
    /// - Throws: an error whose description is one line where a loss is not a finite number. The state stays as it was.
    @discardableResult
    public func trainStep() throws -> TrainingStep {
        let result = try replica.runStep(exchange)
        if result.epoch?.isBest == true { bestBytes = encodedState() }
        return TrainingStep(result, stepsPerEpoch: replica.schedule.stepsPerEpoch)
    }

    /// The current state. Its bytes are those that `selvedge train` would have written after the same step.
    public func checkpoint() throws -> Checkpoint { try Checkpoint(bytes: encodedState()) }

    /// The state with the best validation since this object was made; nil before the first epoch's end.
    public func bestCheckpoint() throws -> Checkpoint? { try bestBytes.map { try Checkpoint(bytes: $0) } }

    /// Evaluates the current state on the test images.
    ///
    /// - Throws: an error whose description is one line, where there are none.
    public func evaluate() throws -> Evaluation {
        guard let test else { throw DatasetError.noTestSet(experiment: experiment.name) }
        let evaluator = try Evaluator(
            experiment: experiment, model: model, dataset: test, kernels: replica.kernels, threadCount: threadCount)
        return evaluator.evaluate(replica.state)
    }

    private func encodedState() -> [UInt8] { replica.state.encoded(model: model, experiment: experiment) }
}

/// Where a training is after a step.
///
/// ```swift
/// let trainer = try Trainer(.shipped(named: "C-1"))
/// while !trainer.isFinished {
///     let step: TrainingStep = try trainer.trainStep()
///     print("epoch \(step.epoch), step \(step.step) of \(step.stepsPerEpoch): loss \(step.loss)")
/// }
/// ```
public struct TrainingStep: Sendable, Equatable {
    /// From 1.
    public let epoch: Int
    /// Steps of this epoch that are complete.
    public let step: Int
    public let stepsPerEpoch: Int
    /// The mean over this epoch's samples so far.
    public let loss: Double
    /// The share of this epoch's samples so far whose class was predicted.
    public let accuracy: Double
    /// The epoch's row, if this step ended it.
    public let finishedEpoch: EpochRow?

    /// A step without a summary only ran the validation that an interrupted training had left.
    init(_ result: StepResult, stepsPerEpoch: Int) {
        self.stepsPerEpoch = stepsPerEpoch
        finishedEpoch = result.epoch?.row
        if let summary = result.summary {
            epoch = summary.epoch + 1
            step = summary.step + 1
            loss = result.epoch?.row.loss ?? summary.epochLossSum / Double(summary.epochSampleCount)
            accuracy =
                result.epoch?.row.accuracy ?? Double(summary.epochCorrectCount) / Double(summary.epochSampleCount)
        } else {
            guard let row = result.epoch?.row else { preconditionFailure("a step trains or ends an epoch") }
            epoch = row.epoch
            step = stepsPerEpoch
            loss = row.loss
            accuracy = row.accuracy
        }
    }
}
