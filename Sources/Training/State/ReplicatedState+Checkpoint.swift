package import Core
package import Experiments
package import NeuralNetwork
package import Runs

extension ReplicatedState {
    /// The checkpoint's bytes: a pure function of experiment and state, without time, host or worker count.
    ///
    /// Tensors have torch's names and layouts: `model.NAME`, and `optimizer.SLOT.NAME` for each slot. The rest is
    /// metadata.
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

    /// Bytes of the longest checkpoint of a run: tensors, and metadata with the rows of every epoch.
    package static func byteLimit(model: Model, experiment: Experiment) -> Int {
        4 * model.arenaCount * (1 + Optimizer(experiment.optimizer).slotNames.count) + metadataByteLimit
    }

    private static let metadataByteLimit = 64 << 20

    /// A tensor of an arena in torch's layout.
    static func torchValues(_ parameter: ParameterDescription, _ arena: StateArenas.Arena) -> [Float] {
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

extension ReplicatedState {
    /// Reads a checkpoint of `experiment`; only the number of epochs may differ.
    ///
    /// `schedule`: refuses a progress that training with it cannot reach; nil for a state that is only evaluated.
    package convenience init(
        checkpoint: Safetensors, model: Model, experiment: Experiment, schedule: BatchSchedule? = nil
    ) throws(CheckpointError) {
        let stored = try Self.experiment(in: checkpoint)
        guard stored.digest == experiment.digest else {
            throw .otherExperiment(
                found: stored.name, expected: experiment.name, changes: experiment.differences(from: stored))
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

    /// The experiment of a checkpoint, after a check of its arithmetic version.
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

    /// A number from 0 in the form that this program writes.
    private static func count(_ key: String, in checkpoint: Safetensors) throws(CheckpointError) -> Int {
        let text = try text(key, in: checkpoint)
        guard let value = Int(text), value >= 0, String(value) == text else { throw .metadata(key: key) }
        return value
    }

    private static func read(
        _ name: String, _ parameter: ParameterDescription, from checkpoint: Safetensors,
        into arena: StateArenas.Arena
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

/// Why a checkpoint cannot be used as a state.
package enum CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
    case damaged(SafetensorsError)
    case damagedMetrics(EpochRowError)
    /// A metadata entry is missing or has another form.
    case metadata(key: String)
    /// Round, sums and metrics contradict each other or the data.
    case progress(problem: String)
    case arithmeticVersion(found: String)
    /// The checkpoint belongs to another experiment; both names, and the settings that differ.
    case otherExperiment(found: String, expected: String, changes: [String])
    case shape(tensor: String, found: [Int], expected: [Int])

    package var description: String {
        switch self {
        case .damaged(let error): error.description
        case .damagedMetrics(let error): error.description
        case .metadata(let key):
            "the checkpoint's entry \(quoted(key)) is missing or damaged: it was not written by this program"
        case .progress(let problem):
            "the checkpoint's progress is inconsistent: \(problem); resume from another checkpoint"
        case .arithmeticVersion(let found):
            "the checkpoint has arithmetic version \(found), this program has \(Arithmetic.version): "
                + "use the program that wrote it"
        case .otherExperiment(let found, let expected, let changes):
            "the checkpoint belongs to experiment \(found), not to \(expected) as given"
                + (changes.isEmpty ? "" : " (\(changes.prefix(3).joined(separator: "; ")))")
                + ": only the number of epochs may change"
        case .shape(let tensor, let found, let expected):
            "tensor \(tensor) has shape \(found), the experiment needs \(expected)"
        }
    }
}

/// The version of everything that decides a bit of a result: summation orders, polynomials, random draws, layouts.
///
/// Checkpoints and a worker's first message have it; workers and checkpoints of another version are refused.
package enum Arithmetic {
    package static let version = 2
}
