import Datasets
import Experiments
import Kernels
import NeuralNetwork
import Training

@testable import Cluster

/// A small experiment on the synthetic data.
enum SyntheticRun {
    static func experiment(
        layers: [LayerConfiguration] = linear, shape: ImageShape = ImageShape(height: 28, width: 28, channels: 1)
    ) -> Experiment {
        Experiment(
            name: "tiny", dataset: DatasetConfiguration(source: SyntheticSource()),
            model: ModelConfiguration(inputShape: shape, layers: layers), batchSize: 500, epochs: 2)
    }

    static let linear: [LayerConfiguration] = [
        .flatten, .dense(units: 10, activation: .softmax),
    ]

    static func settings(_ experiment: Experiment, _ run: RunRequest) -> CoordinatorSettings {
        CoordinatorSettings(
            experiment: experiment, listenAddress: "inproc://unused", workerCount: 1, environment: [:], run: run)
    }

    /// The bytes after so many steps.
    static func bytes(_ experiment: Experiment, afterSteps count: Int) throws -> [UInt8] {
        let model = try Model(experiment.model, loss: experiment.loss)
        let sets = try DatasetLookup.load(experiment, data: nil, environment: [:])
        let trainer = try TrainingReplica(
            experiment: experiment, model: model,
            data: TrainingData(dataset: sets.training, experiment: experiment),
            state: ReplicatedState(model: model, experiment: experiment),
            kernels: (InstructionSet.supported.last ?? .portable).table, threadCount: 1)
        trainer.own(0..<experiment.microBatchCount)
        let exchange = LocalExchange(arenaCount: model.arenaCount)
        for _ in 0..<count { _ = try trainer.runStep(exchange) }
        return trainer.state.encoded(model: model, experiment: experiment)
    }
}
