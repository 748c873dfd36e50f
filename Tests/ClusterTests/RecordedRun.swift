import Coordination
import Experiments
import Foundation
import KernelInterface
import Kernels
import NeuralNetwork
import Runs
import TestSupport
import Training

@testable import Cluster

/// A run directory as a coordinator leaves it, made in this process: 5 steps an epoch, a checkpoint after each.
final class RecordedRun {
    let folder: TemporaryFolder
    let path: String
    /// The gradient digests of all steps.
    private(set) var digests: [UInt64] = []
    private(set) var journal: [JournalEntry] = []

    /// Trains so many steps of the experiment; a state within an epoch is saved too when it is the last.
    init(
        _ experiment: Experiment = SyntheticRun.experiment(), steps: Int = 10, hasDigests: Bool = true,
        keptEpoch: Int? = nil
    ) throws {
        folder = try TemporaryFolder()
        path = folder.path + "/run"
        let model = try Model(experiment.model, loss: experiment.loss)
        let sets = try DatasetLookup.load(experiment, data: nil, environment: [:])
        let trainer = try TrainingReplica(
            experiment: experiment, model: model, data: TrainingData(dataset: sets.training, experiment: experiment),
            state: ReplicatedState(model: model, experiment: experiment), kernels: Self.kernels, threadCount: 1)
        trainer.own(0..<experiment.microBatchCount)
        trainer.takesGradientChecksum = true
        let exchange = LocalExchange(arenaCount: model.arenaCount)
        let run = try RunDirectory.create(
            at: path, experiment: experiment.canonicalForm, digest: experiment.digest)
        for step in 0..<steps {
            let result = try trainer.runStep(exchange)
            digests.append(UInt64(result.summary?.gradientChecksum ?? 0))
            guard result.epoch != nil || step == steps - 1 else { continue }
            let bytes = trainer.state.encoded(model: model, experiment: experiment)
            try run.openJournal().announceCheckpoint(bytes, completedSteps: UInt64(step + 1))
            try run.saveCheckpoint(
                bytes, isBest: result.epoch?.isBest ?? false,
                keepEpoch: result.epoch.flatMap { $0.row.epoch == keptEpoch ? keptEpoch : nil })
        }
        try run.replaceMetrics(trainer.state.progress.rows)
        guard hasDigests else { return }
        try append(.stepDigests(firstStep: 0, digests: digests))
    }

    static var kernels: KernelTable { (InstructionSet.supported.last ?? .portable).table }

    func append(_ entry: JournalEntry) throws {
        let journal = try Journal(in: OpenFolder(at: path, access: .owner), name: "journal")
        try journal.append(entry.record)
    }

    /// Flips the lowest bit of the last byte of a tensor in a checkpoint.
    func flipBit(in tensor: String, of file: String) throws {
        let place = "\(path)/checkpoints/\(file).safetensors"
        let contents = try Safetensors(path: place)
        var bytes = contents.bytes
        guard let end = contents.tensor(named: tensor)?.byteRange.upperBound else { return }
        bytes[end - 1] ^= 1
        // A new file: another name of the old one keeps its bytes.
        try Data(bytes).write(to: URL(fileURLWithPath: place), options: .atomic)
    }

    func verify(_ extent: RunVerifier.Extent = .lastEpoch) throws -> VerificationReport {
        try RunVerifier(run: path, data: nil, environment: [:], kernels: Self.kernels, threadCount: 1).verify(extent)
    }
}
