import Coordination
import Core
import Experiments
import NeuralNetwork
import Runs
import Training

extension TrainingSession {
    /// More than a state of this run takes: tensors, and metadata with the rows of every epoch.
    var stateByteLimit: Int {
        4 * trainer.model.arenaCount * (1 + trainer.state.slots.count) + Self.metadataByteLimit
    }

    private static let metadataByteLimit = 64 << 20

    /// Goes on from another worker's state, and tells of the epochs that are finished in it.
    func adopt(_ bytes: [UInt8]) throws {
        let state = try ReplicatedState(
            checkpoint: Safetensors(bytes: bytes), model: trainer.model, experiment: trainer.experiment,
            schedule: trainer.schedule)
        trainer.adopt(state)
        let rows = state.progress.rows
        // At the very end of an epoch the state is the one that the epoch left.
        let isEpochEnd = trainer.schedule.isEpochEnd(state.progress.round)
        for row in rows {
            let isLast = row.epoch == rows.count && isEpochEnd
            let digest = isLast ? SHA256Digest(of: bytes) : nil
            let report = report(row, stateDigest: digest)
            channel.reports.post(.epochEnded(report))
            if isLast { keep(bytes, afterEpoch: row.epoch, isBest: report.bestImproved) }
        }
    }

    /// What is told of a finished epoch. Whether it was the best so far is seen from the rows up to it.
    func report(_ row: EpochRow, stateDigest: SHA256Digest?) -> EpochEnded {
        var progress = TrainingProgress()
        progress.rows = Array(trainer.state.progress.rows.prefix(row.epoch))
        return EpochEnded(
            epoch: UInt32(row.epoch), completedSteps: UInt64(row.step), row: Array(row.jsonLine.utf8),
            stateDigest: stateDigest,
            bestImproved: progress.bestEpoch(trainer.experiment.earlyStopping) == row.epoch)
    }

    /// Hands over the state at the end of an epoch, if it is to be saved. Every worker keeps it until it is, for the one
    /// that sends it may die.
    func keep(_ bytes: [UInt8], afterEpoch epoch: Int, isBest: Bool) {
        let wanted = settings.wantsCheckpoint(epoch: epoch, bestImproved: isBest, isLast: trainer.isFinished)
        if wanted { channel.reports.post(.stateSerialized(name(.epochEnd), bytes: bytes)) }
    }
}
