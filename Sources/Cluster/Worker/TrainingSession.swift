import Coordination
import Core
import Experiments
import Faults
import NeuralNetwork
import Runs
import Training
import Transport

/// The training of one worker through all its views, step by step up to its grants.
final class TrainingSession {
    let trainer: TrainingReplica
    let settings: RunSettings
    let channel: ComputeChannel
    private let peers: PeerNetwork
    private let threadCount: Int
    private(set) var rank = 0
    private var generation: UInt64 = 0
    /// Whether it owns micro-batches in this view.
    private var hasOwnSamples = false
    private var exchange: (any GradientExchange)?
    /// The same without audits and faults; nil for a worker without peers.
    private var peerExchange: PeerExchange?
    private var pace = PaceMeter()
    /// Whether all members of this host exchange through memory in this view.
    private var sharesMemory = false
    /// Whether training in this view ended or failed.
    private var isOver = false
    private var stopLimit: UInt64?
    /// Steps below it may be started.
    private var stepLimit: UInt64 = 0

    init(
        trainer: TrainingReplica, settings: RunSettings, channel: ComputeChannel, peers: PeerNetwork, threadCount: Int
    ) {
        self.threadCount = threadCount
        self.trainer = trainer
        self.settings = settings
        self.channel = channel
        self.peers = peers
    }

    var completedSteps: UInt64 { UInt64(trainer.completedSteps) }

    /// The rounds, steps and epochs that are complete.
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

    /// Ends what this worker does in its view, and reports the position of its state.
    func quiesce() {
        channel.interrupt.clear()
        channel.links.leave()
        trainer.state.takeBack()
        exchange = nil
        peerExchange = nil
        channel.reports.post(.quiesced(position, stateDigest: stateDigest))
    }

    /// Becomes the member that a view makes of this worker, with the state from which the view starts.
    func enter(_ view: View) throws {
        guard let member = view.members.first(where: { $0.inboxAddress == peers.inboxAddress }) else { return }
        channel.board.note(phase: .linking)
        channel.faults?.reach(.linking, step: completedSteps)
        trainer.state.takeBack()
        rank = member.rank
        generation = view.generation
        hasOwnSamples = !member.isLearner
        stepLimit = 0
        stopLimit = nil
        isOver = false
        _ = try view.ownership(microBatchCount: trainer.experiment.microBatchCount)
        trainer.own(member.microBatches)
        do {
            let connection = try peers.connect(to: view, rank: rank, channel: channel, settings: settings)
            channel.links.enter(
                generation: view.generation, connections: connection.transport?.sockets.connections,
                now: MonotonicTime.now.milliseconds)
            sharesMemory = connection.sharesMemory
            try agreeOnState(view, member, connection)
            let isAudited = !settings.audit.isNone
            peerExchange = try connection.exchange(trainer: trainer, board: channel.board, isAudited: isAudited)
            exchange = faulted(try audited(view, isAudited), member)
        } catch let error as ExchangeError {
            isOver = true
            peers.note(error)
            guard let kind = error.failureKind else { return }
            return channel.reports.post(.failed(kind, message: error.description))
        }
        trainer.takesGradientChecksum = rank == 0
        channel.board.note(completedSteps: completedSteps, measures: nil)
        channel.board.note(phase: .waiting)
        channel.reports.post(
            .linked(Linked(generation: view.generation, stateDigest: stateDigest, sharesMemory: sharesMemory)))
    }

    /// The exchange of this view, with audits if they are switched on.
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

    /// Whether peers may miss a frame of this worker.
    var hasPeers: Bool { peerExchange != nil }

    /// Waits for what `poller` watches, the inbox among it, and answers peers.
    func servePeers(watching poller: Poller, deadline: Deadline) {
        guard let peerExchange else { return }
        try? peerExchange.sleep(watching: poller, deadline: deadline)
        peerExchange.serve()
    }

    /// Sends the state to the members that need it, or receives it.
    private func agreeOnState(_ view: View, _ member: Member, _ connection: PeerConnection) throws {
        guard let transfer = connection.stateTransfer else { return }
        if view.members.contains(where: \.needsState) {
            channel.faults?.reach(.stateTransfer, step: completedSteps)
        }
        if rank == view.holder {
            let receivers = view.members.filter(\.needsState).map(\.rank)
            if !receivers.isEmpty { try transfer.send(encodedState, to: receivers) }
        } else if member.needsState {
            try adopt(
                transfer.receive(
                    from: view.holder, held: connection.held,
                    byteLimit: ReplicatedState.byteLimit(model: trainer.model, experiment: trainer.experiment)))
        }
    }

    /// Steps below the limit may be started. A view may start when all steps are complete.
    func extendGrant(to limit: UInt64) {
        stepLimit = limit
        endIfDone()
    }

    /// Stops once that many steps are complete; rank 0 serializes its state.
    func stop(at limit: UInt64) {
        stopLimit = limit
        stepLimit = max(stepLimit, limit)
        endIfDone()
    }

    /// Serializes the present state.
    func serialize(_ purpose: StatePurpose) {
        channel.reports.post(.stateSerialized(name(purpose), bytes: encodedState))
    }

    var encodedState: [UInt8] {
        trainer.state.encoded(model: trainer.model, experiment: trainer.experiment)
    }

    /// Runs one step together with the peers and reports its results.
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
            if let error = error as? ExchangeError { peers.note(error) }
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
            let reduced = ReducedStep(
                digest: UInt64(summary.gradientChecksum), lossSum: summary.lossSum,
                correctCount: UInt32(clamping: summary.correctCount), learningRate: summary.learningRate)
            channel.board.note(reduced, at: completedSteps - 1)
        }
    }

    private func reportEpoch(_ epoch: EpochResult) {
        channel.board.note(phase: .serializing)
        channel.faults?.reach(.serializing, step: completedSteps)
        if !epoch.confusions.isEmpty, hasOwnSamples {
            channel.board.note(
                ValidationCounts(
                    generation: generation, epoch: UInt32(epoch.row.epoch), classCount: trainer.model.classCount,
                    counts: epoch.confusions))
        }
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
    /// Continues from another worker's state, and reports the epochs that are finished in it.
    func adopt(_ bytes: [UInt8]) throws {
        let state = try ReplicatedState(
            checkpoint: Safetensors(bytes: bytes), model: trainer.model, experiment: trainer.experiment,
            schedule: trainer.schedule)
        trainer.adopt(state)
        let rows = state.progress.rows
        // Right after an epoch, the received state is the state at its end.
        let isEpochEnd = trainer.schedule.isEpochEnd(state.progress.round)
        for row in rows {
            let isLast = row.epoch == rows.count && isEpochEnd
            let digest = isLast ? SHA256Digest(of: bytes) : nil
            let report = report(row, stateDigest: digest)
            channel.reports.post(.epochEnded(report))
            if isLast { keep(bytes, afterEpoch: row.epoch, isBest: report.bestImproved) }
        }
    }

    /// The report of a finished epoch. Whether it is the best so far follows from the rows up to it.
    func report(_ row: EpochRow, stateDigest: SHA256Digest?) -> EpochEnded {
        var progress = TrainingProgress()
        progress.rows = Array(trainer.state.progress.rows.prefix(row.epoch))
        return EpochEnded(
            epoch: UInt32(row.epoch), completedSteps: UInt64(row.step), row: Array(row.jsonLine.utf8),
            stateDigest: stateDigest,
            bestImproved: progress.bestEpoch(trainer.experiment.earlyStopping) == row.epoch)
    }

    /// Reports the state at the end of an epoch if it is to be saved. Every worker keeps it until then, because the
    /// sender may die.
    func keep(_ bytes: [UInt8], afterEpoch epoch: Int, isBest: Bool) {
        let wanted = settings.wantsCheckpoint(epoch: epoch, bestImproved: isBest, isLast: trainer.isFinished)
        if wanted { channel.reports.post(.stateSerialized(name(.epochEnd), bytes: bytes)) }
    }
}

/// Samples a second since the end of an epoch's first step, which includes start-up costs.
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

    /// 0 until two steps have ended.
    var samplesPerSecond: Double {
        guard let firstNanoseconds, lastNanoseconds > firstNanoseconds else { return 0 }
        return Double(sampleCount) * 1e9 / Double(lastNanoseconds - firstNanoseconds)
    }
}
