package import Experiments
package import NeuralNetwork
package import Runs

extension ReplicatedState {
    /// The state in a checkpoint of `experiment`, whose number of epochs alone may differ.
    ///
    /// With a schedule the progress has to be one that training by this schedule comes to; a state that is only evaluated needs none.
    package convenience init(
        checkpoint: Safetensors, model: Model, experiment: Experiment, schedule: BatchSchedule? = nil
    ) throws(CheckpointError) {
        let stored = try Self.experiment(in: checkpoint)
        guard stored.digest == experiment.digest else {
            throw .otherExperiment(found: stored.name, expected: experiment.name)
        }
        let progress = try Self.progress(in: checkpoint)
        if let problem = schedule.flatMap({ progress.problem(in: $0) }) { throw .progress(problem: problem) }
        let slotNames = Optimizer(experiment.optimizer).slotNames
        self.init(model: model, slotCount: slotNames.count, progress: progress)
        for parameter in model.parameters {
            try Self.read("model.\(parameter.name)", parameter, from: checkpoint, into: parameters)
            guard parameter.hasSlots else { continue }
            for (name, slot) in zip(slotNames, slots) {
                try Self.read("optimizer.\(name).\(parameter.name)", parameter, from: checkpoint, into: slot)
            }
        }
    }

    /// The experiment that a checkpoint was made by, after a look at its arithmetic version.
    package static func experiment(in checkpoint: Safetensors) throws(CheckpointError) -> Experiment {
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
    package static func progress(in checkpoint: Safetensors) throws(CheckpointError) -> TrainingProgress {
        var progress = TrainingProgress()
        progress.round = try count(CheckpointKey.round, in: checkpoint)
        progress.correctCount = try count(CheckpointKey.correctCount, in: checkpoint)
        progress.sampleCount = try count(CheckpointKey.sampleCount, in: checkpoint)
        let lossText = try text(CheckpointKey.lossSum, in: checkpoint)
        guard let lossSum = Double(lossText), lossSum.isFinite, lossSum.description == lossText else {
            throw .metadata(key: CheckpointKey.lossSum)
        }
        progress.lossSum = lossSum
        let rows = try text(CheckpointKey.rows, in: checkpoint)
        do {
            progress.rows = try EpochRow.rows(jsonLines: rows)
        } catch {
            throw .damagedMetrics(error)
        }
        return progress
    }

    private static func text(_ key: String, in checkpoint: Safetensors) throws(CheckpointError) -> String {
        guard let text = checkpoint.metadata[key] else { throw .metadata(key: key) }
        return text
    }

    /// A number from 0, written as this program writes it.
    private static func count(_ key: String, in checkpoint: Safetensors) throws(CheckpointError) -> Int {
        let text = try text(key, in: checkpoint)
        guard let value = Int(text), value >= 0, String(value) == text else { throw .metadata(key: key) }
        return value
    }

    private static func read(
        _ name: String, _ parameter: ParameterDescription, from checkpoint: Safetensors,
        into arena: AlignedBuffer<Float>
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
            if let base = source.baseAddress { parameter.fromTorch(base, arena.pointer + parameter.arenaOffset) }
        }
    }
}
