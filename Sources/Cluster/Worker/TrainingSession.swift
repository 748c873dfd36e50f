import Checkpoints
import Coordination
import Digests
import Training
import Transport

/// The training of one worker from its first view to its end, step by step as far as grants reach.
final class TrainingSession {
    let trainer: Trainer
    private let settings: RunSettings
    private let channel: ComputeChannel
    private let peers: PeerNetwork
    private var view: View?
    private var rank = 0
    private var exchange: (any GradientExchange)?
    private var pace = PaceMeter()
    private var isOver = false
    private var stopLimit: UInt64?
    /// Steps below it may be started.
    var stepLimit: UInt64 = 0

    init(trainer: Trainer, settings: RunSettings, channel: ComputeChannel, peers: PeerNetwork) {
        self.trainer = trainer
        self.settings = settings
        self.channel = channel
        self.peers = peers
    }

    var completedSteps: UInt64 { UInt64(trainer.completedSteps) }

    var stateDigest: ContentDigest {
        ContentDigest(trainer.state.digest(model: trainer.model, experiment: trainer.experiment))
    }

    /// Whether the next step may start now.
    var mayRunStep: Bool {
        exchange != nil && !isOver && !trainer.isFinished && completedSteps < min(stepLimit, stopLimit ?? .max)
    }

    /// Takes the place that a view gives this worker. A worker without a place waits as a spare.
    func enter(_ newView: View) throws {
        guard let member = newView.members.first(where: { $0.inboxAddress == peers.inboxAddress }) else {
            exchange = nil
            return
        }
        channel.board.note(phase: .linking)
        view = newView
        rank = member.rank
        stepLimit = 0
        trainer.own(member.microBatches.first..<member.microBatches.first + member.microBatches.count)
        exchange = try peers.exchange(in: newView, rank: rank, trainer: trainer, channel: channel)
        channel.board.note(phase: .waiting)
        channel.reports.post(
            .linked(
                generation: newView.generation, completedSteps: completedSteps, stateDigest: stateDigest))
    }

    /// Stops once that many steps are complete; rank 0 hands its state over.
    func stop(at limit: UInt64) {
        stopLimit = limit
        stepLimit = max(stepLimit, limit)
        endIfDone()
    }

    /// Hands the state over as it stands.
    func serialize(_ purpose: StatePurpose) {
        let bytes = trainer.state.encoded(model: trainer.model, experiment: trainer.experiment)
        channel.reports.post(.stateSerialized(name(purpose), bytes: bytes))
    }

    /// Runs one step together with the peers and reports what it brought.
    func runStep() {
        guard let exchange else { return }
        channel.board.note(phase: .computing)
        do {
            let result = try trainer.runStep(exchange)
            noteProgress(result)
            if let epoch = result.epoch { reportEpoch(epoch) }
            endIfDone()
        } catch {
            isOver = true
            guard let failure = FailureKind.ofStep(error) else { return }
            channel.reports.post(.failed(failure.kind, message: failure.message))
        }
    }

    private func noteProgress(_ result: StepResult) {
        guard let summary = result.summary else { return }
        pace.add(sampleCount: summary.sampleCount, at: UInt64(MonotonicClock.nanoseconds))
        let count = Double(summary.epochSampleCount)
        let measures = RunningMeasures(
            epoch: UInt32(summary.epoch + 1), loss: summary.epochLossSum / count,
            accuracy: Double(summary.epochCorrectCount) / count, samplesPerSecond: pace.samplesPerSecond)
        channel.board.note(completedSteps: completedSteps, measures: measures)
        if rank == 0 {
            channel.board.note(step: completedSteps - 1, gradientDigest: UInt64(summary.gradientChecksum))
        }
    }

    private func reportEpoch(_ epoch: EpochResult) {
        channel.board.note(phase: .serializing)
        let bytes = trainer.state.encoded(model: trainer.model, experiment: trainer.experiment)
        channel.reports.post(
            .epochEnded(
                EpochReport(
                    epoch: UInt32(epoch.row.epoch), completedSteps: completedSteps,
                    row: Array(epoch.row.jsonLine.utf8), stateDigest: ContentDigest(SHA256Digest(of: bytes)),
                    bestImproved: epoch.isBest)))
        let wanted = settings.wantsCheckpoint(
            epoch: epoch.row.epoch, bestImproved: epoch.isBest, isLast: trainer.isFinished)
        if rank == 0 && wanted { channel.reports.post(.stateSerialized(name(.epochEnd), bytes: bytes)) }
        pace.restart()
    }

    private func endIfDone() {
        guard exchange != nil, !isOver else { return }
        let isComplete = trainer.isFinished
        guard isComplete || stopLimit.map({ completedSteps >= $0 }) ?? false else { return }
        isOver = true
        if rank == 0 && !isComplete { serialize(.stop) }
        channel.board.note(phase: .finished)
        channel.reports.post(
            .finished(completedSteps: completedSteps, stateDigest: stateDigest, isComplete: isComplete))
    }

    private func name(_ purpose: StatePurpose) -> StateName {
        StateName(
            purpose: purpose, completedSteps: completedSteps,
            completedEpochs: UInt32(trainer.state.progress.rows.count))
    }
}
