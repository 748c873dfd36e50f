import Datasets
import Experiments
import KernelInterface
import Kernels
import NeuralNetwork

@testable import Training

/// Synthetic garments at a quarter of their size, so that whole trainings take milliseconds on any instruction set.
enum SmallImages {
    static let side = 7

    /// The means of 4 × 4 pixels of `SyntheticImages`.
    static func make(count: Int, seed: UInt64 = 7) throws -> ImageDataset {
        let full = SyntheticImages.make(sampleCount: count, seed: seed)
        var pixels: [UInt8] = []
        for sample in 0..<count {
            for y in 0..<side {
                for x in 0..<side {
                    var sum = 0
                    for offset in 0..<16 {
                        let (row, column) = (4 * y + offset / 4, 4 * x + offset % 4)
                        sum += Int(full.pixels[sample * 784 + row * 28 + column])
                    }
                    pixels.append(UInt8(sum / 16))
                }
            }
        }
        return try ImageDataset(
            name: "small", height: side, width: side, channels: 1, classNames: full.classNames, pixels: pixels,
            labels: full.labels)
    }
}

/// An experiment on small images, ready to train.
struct SmallCase: Sendable {
    var experiment: Experiment
    let model: Model
    let data: TrainingData

    /// `trainingCount` and `validationCount` samples; batches of `batchSize`.
    init(
        training trainingCount: Int, validation validationCount: Int, batchSize: Int, epochs: Int = 1,
        microBatches: Int = 8, layers: [LayerConfiguration] = SmallCase.convolution,
        loss: LossConfiguration = .categoricalCrossEntropy(),
        optimizer: OptimizerConfiguration = OptimizerConfiguration(Adam(learningRate: 0.01)),
        earlyStopping: EarlyStopping? = nil, augmentation: AugmentationConfiguration? = nil
    ) throws {
        let count = trainingCount + validationCount
        let dataset = DatasetConfiguration(
            source: SyntheticSource(), validation: .shuffled(fraction: Double(validationCount) / Double(count)),
            augmentation: augmentation)
        experiment = Experiment(
            name: "small", dataset: dataset,
            model: ModelConfiguration(
                inputShape: ImageShape(height: SmallImages.side, width: SmallImages.side, channels: 1),
                layers: layers),
            loss: loss, optimizer: optimizer, earlyStopping: earlyStopping, batchSize: batchSize, epochs: epochs,
            microBatchCount: microBatches, seed: 3)
        model = try Model(experiment.model, loss: experiment.loss)
        data = try TrainingData(dataset: SmallImages.make(count: count), experiment: experiment)
    }

    /// Any experiment that is small enough.
    init(experiment: Experiment, dataset: ImageDataset) throws {
        self.experiment = experiment
        model = try Model(experiment.model, loss: experiment.loss)
        data = try TrainingData(dataset: dataset, experiment: experiment)
    }

    /// Odd sizes, so that no vector length fits.
    static let convolution: [LayerConfiguration] = [
        .convolution2D(filters: 5, kernel: 3),
        .maxPool2D, .flatten,
        .dense(units: 11), .dense(units: 10, activation: .softmax),
    ]

    /// Layers that draw at random, that look at the whole batch, and that have a penalty.
    static let regularized: [LayerConfiguration] = [
        .dropout(rate: 0.1), .convolution2D(filters: 5, kernel: 3),
        .batchNormalization(momentum: 0.5), .maxPool2D, .dropout(rate: 0.25), .flatten,
        .dense(units: 21, regularization: Regularization(l1: 1e-4, l2: 1e-3)),
        .batchNormalization(momentum: 0.5, isGhost: true), .activation(.tanh),
        .dropout(rate: 0.5), .batchNormalization(),
        .dense(units: 10, activation: .softmax),
    ]

    static let linear: [LayerConfiguration] = [
        .flatten, .dense(units: 10, activation: .softmax),
    ]

    var schedule: BatchSchedule { data.schedule(experiment) }

    func freshState() -> ReplicatedState { ReplicatedState(model: model, experiment: experiment) }

    /// A trainer that owns all micro-batches.
    func trainer(
        _ state: ReplicatedState? = nil, kernels: KernelTable? = nil, threads: Int = 1
    ) throws -> TrainingReplica {
        let trainer = try TrainingReplica(
            experiment: experiment, model: model, data: data, state: state ?? freshState(),
            kernels: kernels ?? Self.widest, threadCount: threads)
        trainer.own(0..<experiment.microBatchCount)
        return trainer
    }

    static var widest: KernelTable { (InstructionSet.supported.last ?? .portable).table }

    func bytes(_ state: ReplicatedState) -> [UInt8] { state.encoded(model: model, experiment: experiment) }

    /// The bytes after training alone from `state` to the end.
    func trainedAlone(
        _ state: ReplicatedState? = nil, kernels: KernelTable? = nil, threads: Int = 1
    ) throws -> [UInt8] {
        let trainer = try trainer(state, kernels: kernels, threads: threads)
        let exchange = LocalExchange(arenaCount: model.arenaCount)
        while !trainer.isFinished { _ = try trainer.runStep(exchange) }
        return bytes(trainer.state)
    }
}
