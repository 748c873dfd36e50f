package import Core
package import Experiments
package import NeuralNetwork
import Runs

extension ReplicatedState {
    /// The checkpoint's bytes: a pure function of experiment and state, no time, host or worker count in it.
    ///
    /// Tensors have torch's names and layouts: `model.NAME`, and `optimizer.SLOT.NAME` for each slot. The rest is metadata.
    package func encoded(model: Model, experiment: Experiment) -> [UInt8] {
        var writer = SafetensorsWriter(metadata: metadata(experiment))
        for parameter in model.parameters {
            writer.add(
                name: "model.\(parameter.name)", shape: parameter.torchShape, Self.torchValues(parameter, parameters))
            guard parameter.hasSlots else { continue }
            for (name, slot) in zip(Optimizer(experiment.optimizer).slotNames, slots) {
                writer.add(
                    name: "optimizer.\(name).\(parameter.name)", shape: parameter.torchShape,
                    Self.torchValues(parameter, slot))
            }
        }
        return writer.serialized()
    }

    /// SHA-256 of the checkpoint's bytes: equal digests mean equal states.
    package func digest(model: Model, experiment: Experiment) -> SHA256Digest {
        SHA256Digest(of: encoded(model: model, experiment: experiment))
    }

    private static func torchValues(_ parameter: ParameterDescription, _ arena: AlignedBuffer<Float>) -> [Float] {
        [Float](unsafeUninitializedCapacity: parameter.count) { buffer, count in
            if let base = buffer.baseAddress { parameter.toTorch(arena.pointer + parameter.arenaOffset, base) }
            count = parameter.count
        }
    }

    private func metadata(_ experiment: Experiment) -> [String: String] {
        [
            CheckpointKey.format: "pt",
            CheckpointKey.arithmetic: String(Arithmetic.version),
            CheckpointKey.experiment: experiment.canonicalForm,
            CheckpointKey.round: String(progress.round),
            CheckpointKey.lossSum: progress.lossSum.description,
            CheckpointKey.correctCount: String(progress.correctCount),
            CheckpointKey.sampleCount: String(progress.sampleCount),
            CheckpointKey.rows: EpochRow.jsonLines(progress.rows),
        ]
    }
}

/// The metadata entries of a checkpoint.
enum CheckpointKey {
    static let format = "format"
    static let arithmetic = "arithmetic"
    static let experiment = "experiment"
    static let round = "round"
    static let lossSum = "epoch_loss_sum"
    static let correctCount = "epoch_correct"
    static let sampleCount = "epoch_samples"
    static let rows = "metrics"
}
