import Coordination
import Core
import Experiments
import Faults
import NeuralNetwork
import Runs
import Training
import Transport

/// The training of one worker through all its views, step by step as far as grants reach.
final class TrainingSession {
    let trainer: Trainer
    let settings: RunSettings
    let channel: ComputeChannel
    private let peers: PeerNetwork
    private let threadCount: Int
    private(set) var rank = 0
    private var exchange: (any GradientExchange)?
    /// The same without what faults add; nil for a worker that is alone.
    private var peerExchange: PeerExchange?
    private var pace = PaceMeter()
    /// Whether nothing is left to do in this view: it ended, or failed.
    private var isOver = false
    private var stopLimit: UInt64?
    /// Steps below it may be started.
    private var stepLimit: UInt64 = 0

    init(
        trainer: Trainer, settings: RunSettings, channel: ComputeChannel, peers: PeerNetwork, threadCount: Int
    ) {
        self.threadCount = threadCount
        self.trainer = trainer
        self.settings = settings
        self.channel = channel
        self.peers = peers
    }

    var completedSteps: UInt64 { UInt64(trainer.completedSteps) }

    /// How far the state is.
    var position: Position {
        Position(
            rounds: UInt64(trainer.state.progress.round), completedSteps: completedSteps,
            completedEpochs: UInt32(trainer.state.progress.rows.count))
    }

    var stateDigest: SHA256Digest {
        trainer.state.digest(model: trainer.model, experiment: trainer.experiment)
    }

    /// Whether the next step may start now.
    var mayRunStep: Bool {
        exchange != nil && !isOver && !trainer.isFinished && completedSteps < min(stepLimit, stopLimit ?? .max)
    }

    /// Ends what this worker does in its view, and tells how far the state is.
    func standStill() {
        channel.interrupt.clear()
        exchange = nil
        peerExchange = nil
        channel.reports.post(.regrouped(position, stateDigest: stateDigest))
    }

    /// Takes the place that a view gives this worker, with the state from which the view starts.
    func enter(_ view: View) throws {
        guard let member = view.members.first(where: { $0.inboxAddress == peers.inboxAddress }) else { return }
        channel.board.note(phase: .linking)
        channel.faults?.reach(.linking, step: completedSteps)
        rank = member.rank
        stepLimit = 0
        stopLimit = nil
        isOver = false
        _ = try view.ownership(microBatchCount: trainer.experiment.microBatchCount)
        trainer.own(member.microBatches)
        do {
            let connection = try peers.connect(to: view, rank: rank, channel: channel)
            try agreeOnState(view, member, connection)
            let isAudited = !settings.audit.isNone
            peerExchange = try connection.exchange(trainer: trainer, board: channel.board, isAudited: isAudited)
            exchange = faulted(try audited(view, isAudited), member)
        } catch let error as ExchangeError {
            isOver = true
            guard let kind = error.failureKind else { return }
            return channel.reports.post(.failed(kind, message: error.description))
        }
        trainer.takesGradientChecksum = rank == 0
        channel.board.note(completedSteps: completedSteps, measures: nil)
        channel.board.note(phase: .waiting)
        channel.reports.post(.linked(generation: view.generation, stateDigest: stateDigest))
    }

    /// The exchange of this view, with audits where they are asked for.
    private func audited(_ view: View, _ isAudited: Bool) throws -> any GradientExchange {
        guard isAudited else { return peerExchange ?? LocalExchange(arenaCount: trainer.model.arenaCount) }
        return try AuditedExchange(
            peers: peerExchange, trainer: trainer, view: view, rank: rank,
            share: settings.audit.fraction,
            threadCount: threadCount)
    }

    private func faulted(_ exchange: any GradientExchange, _ member: Member) -> any GradientExchange {
        guard let faults = channel.faults else { return exchange }
        return FaultedExchange(
            exchange, injector: faults, buckets: trainer.model.buckets, hasRoots: !member.isLearner,
            completedSteps: { [trainer] in trainer.completedSteps })
    }

    /// Whether there are others that may miss a frame of this worker.
    var hasPeers: Bool { peerExchange != nil }

    /// Answers the other workers while this one waits.
    func servePeers() {
        peerExchange?.serve()
    }

    /// Sends the state to those who need it, or takes it over.
    private func agreeOnState(_ view: View, _ member: Member, _ connection: PeerConnection) throws {
        guard let transfer = connection.stateTransfer else { return }
        if view.members.contains(where: \.needsState) {
            channel.faults?.reach(.stateTransfer, step: completedSteps)
        }
        if rank == view.holder {
            let receivers = view.members.filter(\.needsState).map(\.rank)
            if !receivers.isEmpty { try transfer.send(encodedState, to: receivers) }
        } else if member.needsState {
            try adopt(transfer.receive(from: view.holder, held: connection.held, byteLimit: stateByteLimit))
        }
    }

    /// Lets steps below the limit be started. A view may begin when everything is done already.
    func extendGrant(to limit: UInt64) {
        stepLimit = limit
        endIfDone()
    }

    /// Stops once that many steps are complete; rank 0 hands its state over.
    func stop(at limit: UInt64) {
        stopLimit = limit
        stepLimit = max(stepLimit, limit)
        endIfDone()
    }

    /// Hands the state over as it stands.
    func serialize(_ purpose: StatePurpose) {
        channel.reports.post(.stateSerialized(name(purpose), bytes: encodedState))
    }

    var encodedState: [UInt8] {
        trainer.state.encoded(model: trainer.model, experiment: trainer.experiment)
    }

    /// Runs one step together with the peers and reports what it brought.
    func runStep() {
        guard let exchange else { return }
        channel.board.note(phase: .computing)
        peerExchange?.noteStart()
        channel.faults?.reach(.computing, step: completedSteps + 1)
        do {
            let result = try trainer.runStep(exchange)
            channel.faults?.reach(.updating, step: completedSteps)
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
        pace.add(sampleCount: summary.sampleCount, at: UInt64(MonotonicTime.now.nanoseconds))
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
        channel.faults?.reach(.serializing, step: completedSteps)
        let bytes = encodedState
        let digest = SHA256Digest(of: bytes)
        channel.reports.post(.epochEnded(report(epoch.row, stateDigest: digest)))
        keep(bytes, afterEpoch: epoch.row.epoch, isBest: epoch.isBest)
        pace.restart()
    }

    private func endIfDone() {
        guard exchange != nil, !isOver else { return }
        let isComplete = trainer.isFinished
        guard isComplete || stopLimit.map({ completedSteps >= $0 }) ?? false else { return }
        isOver = true
        if rank == 0 && !isComplete { serialize(.stop) }
        channel.board.note(phase: .finished)
        channel.faults?.reach(.finishing, step: completedSteps)
        channel.reports.post(
            .finished(completedSteps: completedSteps, stateDigest: stateDigest, isComplete: isComplete))
    }

    func name(_ purpose: StatePurpose) -> StateName {
        StateName(
            purpose: purpose, completedSteps: completedSteps,
            completedEpochs: UInt32(trainer.state.progress.rows.count))
    }
}

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

/// Samples a second since an epoch's first step ended; the first step carries start-up costs.
struct PaceMeter {
    private var firstNanoseconds: UInt64?
    private var lastNanoseconds: UInt64 = 0
    private var sampleCount = 0

    mutating func restart() {
        self = PaceMeter()
    }

    mutating func add(sampleCount count: Int, at nanoseconds: UInt64) {
        if firstNanoseconds == nil {
            firstNanoseconds = nanoseconds
        } else {
            sampleCount += count
        }
        lastNanoseconds = nanoseconds
    }

    /// 0 until two steps are over.
    var samplesPerSecond: Double {
        guard let firstNanoseconds, lastNanoseconds > firstNanoseconds else { return 0 }
        return Double(sampleCount) * 1e9 / Double(lastNanoseconds - firstNanoseconds)
    }
}
