public import Checkpoints
public import Experiments
public import NeuralNetwork

extension ReplicatedState {
    /// The state in a checkpoint of `experiment`, whose number of epochs alone may differ.
    public convenience init(checkpoint: Safetensors, model: Model, experiment: Experiment) throws(CheckpointError) {
        let stored = try Self.experiment(in: checkpoint)
        guard stored.digest == experiment.digest else {
            throw .otherExperiment(found: stored.name, expected: experiment.name)
        }
        let slotNames = Optimizer(experiment.optimizer).slotNames
        self.init(model: model, slotCount: slotNames.count, progress: try Self.progress(in: checkpoint))
        for parameter in model.parameters {
            try Self.read("model.\(parameter.name)", parameter, from: checkpoint, into: parameters)
            for (name, slot) in zip(slotNames, slots) {
                try Self.read("optimizer.\(name).\(parameter.name)", parameter, from: checkpoint, into: slot)
            }
        }
    }

    /// The experiment that a checkpoint was made by, after a look at its arithmetic version.
    public static func experiment(in checkpoint: Safetensors) throws(CheckpointError) -> Experiment {
        guard let version = checkpoint.metadata[CheckpointKey.arithmetic] else {
            throw .metadata(key: CheckpointKey.arithmetic)
        }
        guard version == String(Arithmetic.version) else { throw .arithmeticVersion(found: version) }
        guard let text = checkpoint.metadata[CheckpointKey.experiment],
            let experiment = try? Experiment(yaml: text, source: "the checkpoint")
        else { throw .metadata(key: CheckpointKey.experiment) }
        return experiment
    }

    /// The progress in a checkpoint's metadata.
    public static func progress(in checkpoint: Safetensors) throws(CheckpointError) -> TrainingProgress {
        var progress = TrainingProgress()
        progress.round = try value(CheckpointKey.round, in: checkpoint) { Int($0) }
        progress.lossSum = try value(CheckpointKey.lossSum, in: checkpoint) { Double($0) }
        progress.correctCount = try value(CheckpointKey.correctCount, in: checkpoint) { Int($0) }
        progress.sampleCount = try value(CheckpointKey.sampleCount, in: checkpoint) { Int($0) }
        guard progress.round >= 0, progress.sampleCount >= 0, progress.correctCount >= 0 else {
            throw .metadata(key: CheckpointKey.round)
        }
        let rows = try value(CheckpointKey.rows, in: checkpoint) { $0 }
        do {
            progress.rows = try EpochRow.rows(jsonLines: rows)
        } catch {
            throw .damagedMetrics(error)
        }
        return progress
    }

    private static func value<Value>(
        _ key: String, in checkpoint: Safetensors, _ parse: (String) -> Value?
    ) throws(CheckpointError) -> Value {
        guard let text = checkpoint.metadata[key], let value = parse(text) else { throw .metadata(key: key) }
        return value
    }

    private static func read(
        _ name: String, _ parameter: ParameterDescription, from checkpoint: Safetensors, into arena: FloatArena
    ) throws(CheckpointError) {
        let values: [Float]
        do {
            values = try checkpoint.floats(named: name)
        } catch {
            throw .damaged(error)
        }
        let shape = checkpoint.tensor(named: name)?.shape ?? []
        guard shape == parameter.torchShape else {
            throw .shape(tensor: name, found: shape, expected: parameter.torchShape)
        }
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { parameter.fromTorch(base, arena.floats + parameter.arenaOffset) }
        }
    }
}
