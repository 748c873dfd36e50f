package import Core

/// The coordinator without sockets, clock or files: its driver reports events, and performs the actions that are
/// returned.
///
/// It composes smaller machines, each with private state: `Roster`, `Membership`, `Admission` and `NameClaims` (who
/// takes part), `MicroBatchAssignment` and `Grants` (what they may do), `NetworkCost` (whether more hosts are faster),
/// `SlowLinks` and `SlowHosts` (which link is slow, and which host the others are faster without),
/// `RunLedger` and `Checkpointing` (what is written down), `FailureDetector`, `FailureHistory` and `ProgressDeadline`
/// (what failed), `EarlyEnd` (what follows from a signal). The machine itself routes events to them and owns the phase.
/// Its handlers are in three files: from joining to the first grant (`+Views`), training (`+Training`), and what ends a
/// view or the run (`+Failures`).
///
/// Times are monotonic milliseconds. The driver calls `tick` at least every 50 ms, performs actions in their order, and
/// calls nothing after `.finish`.
package struct CoordinatorMachine: ~Copyable {
    let configuration: CoordinatorConfiguration
    let startedMilliseconds: UInt64
    private(set) var phase: Phase
    var roster = Roster()
    var membership: Membership
    var admission: Admission
    var claims: NameClaims
    var assignment: MicroBatchAssignment
    var networkCost: NetworkCost
    var slowLinks: SlowLinks
    var slowHosts: SlowHosts
    var grants: Grants
    var ledger: RunLedger
    var checkpoints: Checkpointing
    var detector: FailureDetector
    var history: FailureHistory
    var progressDeadline: ProgressDeadline
    var earlyEnd: EarlyEnd
    /// Whether any view has trained.
    var hasStarted = false
    private var lastWaitingMessage: UInt64
    /// What the event that is handled has asked for so far.
    private var actions: [CoordinatorAction] = []
    /// Messages that could not be decoded.
    private var undecodableCount = 0
    /// Messages without effect: of another generation, from unknown senders, or not fitting the phase.
    private(set) var ignoredMessageCount = 0

    /// Throws when the experiment or the number of workers is impossible.
    package init(configuration: CoordinatorConfiguration, now: UInt64) throws(CoordinatorConfigurationError) {
        try configuration.check()
        self.configuration = configuration
        startedMilliseconds = now
        phase = .gathering(since: now)
        membership = Membership(configuration)
        admission = Admission(configuration)
        claims = NameClaims(timing: configuration.timing)
        assignment = MicroBatchAssignment(
            microBatchCount: configuration.microBatchCount, rebalances: configuration.settings.rebalances)
        networkCost = NetworkCost(microBatchCount: configuration.microBatchCount)
        slowLinks = SlowLinks(now: now)
        slowHosts = SlowHosts(
            microBatchCount: configuration.microBatchCount,
            minimumOwnerCount: configuration.settings.minimumWorkerCount)
        let start = configuration.start.position
        grants = Grants(completedSteps: start.completedSteps, timing: configuration.timing)
        ledger = RunLedger(completedEpochs: start.completedEpochs, completedSteps: start.completedSteps)
        checkpoints = Checkpointing(configuration)
        detector = FailureDetector(timing: configuration.timing, now: now)
        history = FailureHistory(
            predecessor: configuration.predecessor, lastStepMilliseconds: configuration.predecessorRecordMilliseconds,
            now: now)
        progressDeadline = ProgressDeadline(
            milliseconds: configuration.settings.progressMilliseconds, now: now)
        earlyEnd = EarlyEnd(graceMilliseconds: configuration.settings.graceMilliseconds)
        lastWaitingMessage = now
    }

    // MARK: Events

    /// Bytes arrived on a connection.
    package mutating func received(_ bytes: [UInt8], from connection: ConnectionIdentifier, now: UInt64)
        -> [CoordinatorAction]
    {
        do {
            return received(try WorkerMessage(decoding: bytes), from: connection, now: now)
        } catch {
            refuseUndecodable(error, from: connection)
            return takeActions()
        }
    }

    /// A message arrived on a connection.
    package mutating func received(_ message: WorkerMessage, from connection: ConnectionIdentifier, now: UInt64)
        -> [CoordinatorAction]
    {
        handle(message, from: connection, now: now)
        return takeActions()
    }

    /// A child process was started on this host, as a replacement of one that ended.
    package mutating func childStarted(processIdentifier: Int32) {
        admission.childStarted(processIdentifier: processIdentifier)
    }

    /// A child process of this host ended; its parent reported how.
    package mutating func childEnded(processIdentifier: Int32, status: ChildStatus, now: UInt64) -> [CoordinatorAction]
    {
        handleChildEnd(processIdentifier: processIdentifier, status: status, now: now)
        return takeActions()
    }

    /// A child process of this host was stopped by SIGSTOP or a similar signal.
    package mutating func childStopped(processIdentifier: Int32, now: UInt64) -> [CoordinatorAction] {
        handleChildStop(processIdentifier: processIdentifier, now: now)
        return takeActions()
    }

    /// From now on only workers with these keys may take part; the others are evicted.
    package mutating func admitOnly(_ keys: Set<PublicKey>, now: UInt64) -> [CoordinatorAction] {
        for worker in roster.present {
            guard phase != .over, let key = roster[worker].connection.key, !keys.contains(key) else { continue }
            lose(worker, .keyRemoved, now: now)
        }
        return takeActions()
    }

    /// Time passed. Sends heartbeats and checks every deadline.
    package mutating func tick(now: UInt64) -> [CoordinatorAction] {
        handleTick(now: now)
        return takeActions()
    }

    /// A signal of this process asks for the end: the run's state is saved within the grace time. A second SIGINT ends
    /// the run at once.
    package mutating func interrupt(signal: Int32, now: UInt64) -> [CoordinatorAction] {
        if phase != .over { perform(earlyEnd.interrupt(signal: signal, in: situation, now: now), now: now) }
        return takeActions()
    }

    /// The supervisor passes on its signal, which this process may have received too.
    package mutating func stop(signal: Int32, now: UInt64) -> [CoordinatorAction] {
        if phase != .over { perform(earlyEnd.stop(signal: signal, in: situation, now: now), now: now) }
        return takeActions()
    }

    /// A checkpoint is on disk (`failure` nil), or could not be written.
    package mutating func checkpointWritten(identifier: UInt64, failure: String?, now: UInt64) -> [CoordinatorAction] {
        handleCheckpoint(identifier: identifier, failure: failure, now: now)
        return takeActions()
    }

    /// The journal has the view of a generation, and keeps it after a crash: its members may receive it. `failure` is
    /// why it does not.
    package mutating func viewJournalled(generation: UInt64, failure: String?, now: UInt64) -> [CoordinatorAction] {
        if let failure {
            fail(.filesFailed(message: failure), now: now)
        } else {
            sendJournalledView(generation: generation, now: now)
        }
        return takeActions()
    }

    /// A file of the run could not be written, in all attempts.
    package mutating func filesFailed(_ message: String, now: UInt64) -> [CoordinatorAction] {
        fail(.filesFailed(message: message), now: now)
        return takeActions()
    }

    /// The connection of a worker is closed. It may connect again.
    package mutating func connectionClosed(_ connection: ConnectionIdentifier, now: UInt64) -> [CoordinatorAction] {
        if !phase.isEnding, let worker = roster.index(of: connection) {
            detector.suspect(worker, .connectionClosed, generation: membership.generation, now: now)
        }
        return takeActions()
    }

    /// What the coordinator's connections to workers carried in about a second.
    package mutating func linksMeasured(
        _ uses: [(connection: ConnectionIdentifier, use: LinkUse)], now: UInt64
    ) -> [CoordinatorAction] {
        for (connection, use) in uses {
            guard let worker = roster.index(of: connection), !roster[worker].isLocal else { continue }
            note(use, from: nil, to: worker)
        }
        return takeActions()
    }

    /// The names of the tensors in which two states differ; the answer to `.compareStates`.
    package mutating func statesCompared(tensors: [String], now: UInt64) -> [CoordinatorAction] {
        endComparison(tensors: tensors, now: now)
        return takeActions()
    }

    /// The digest of a re-executed gradient, nil when it could not be computed; the answer to `.reexecuteGradient`.
    /// `generation` is the question's.
    package mutating func gradientReexecuted(
        generation: UInt64, digest: UInt64?, now: UInt64
    ) -> [CoordinatorAction] {
        if generation == membership.generation { endAudit(reexecuted: digest, now: now) }
        return takeActions()
    }

    // MARK: Messages

    private mutating func handle(_ message: WorkerMessage, from connection: ConnectionIdentifier, now: UInt64) {
        guard phase != .over else { return }
        if case .inquiry(let inquiry) = message { return emit(.answer(inquiry, to: connection)) }
        if case .hello(let hello) = message {
            return handleHello(hello, from: connection, now: now)
        }
        guard let worker = roster.index(of: connection) else {
            ignoreMessage()
            if message != .goodbye { emit(.send(.introduce, to: connection)) }
            return
        }
        roster.noteMessage(from: worker, now: now)
        switch message {
        case .hello, .inquiry: break
        case .progress(let progress): handleProgress(progress, from: worker, now: now)
        case .reducedSteps(let reduced): handleReducedSteps(reduced, from: worker)
        case .contentRequest(let request): handleContentRequest(request, from: worker, now: now)
        case .ready(let ready): handleReady(ready, from: worker, now: now)
        case .linked(let linked): handleLinked(linked, from: worker, now: now)
        case .epochEnded(let ended): handleEpochEnded(ended, from: worker, now: now)
        case .validationCounts(let counts): handleValidationCounts(counts, from: worker)
        case .stateChunk(let chunk): handleStateChunk(chunk, from: worker, now: now)
        case .failed(let failure): handleFailure(failure, from: worker, now: now)
        case .done(let done): handleDone(done, from: worker, now: now)
        case .leaving(let signal): handleLeaving(signal: signal, from: worker, now: now)
        case .links(let report): handleLinks(report, from: worker)
        case .goodbye: lose(worker, .left, now: now)
        }
    }

    private mutating func refuseUndecodable(_ error: MessageError, from connection: ConnectionIdentifier) {
        guard phase != .over else { return }
        ignoreMessage()
        if case .otherVersion = error {
            emit(.send(.refused(Refusal(kind: .protocolVersion, reason: error.description)), to: connection))
        }
        undecodableCount += 1
        // Only the 1st, 2nd, 4th, 8th … is logged, so that a faulty peer cannot fill the log.
        guard undecodableCount.nonzeroBitCount == 1 else { return }
        let sender = roster.index(of: connection).map { roster[$0].label } ?? "an unknown connection"
        let count = undecodableCount > 1 ? " (\(undecodableCount) undecodable messages so far)" : ""
        log(.warning, "ignored a message from \(sender): \(error)\(count)")
    }

    // MARK: Time

    private mutating func handleTick(now: UInt64) {
        guard phase != .over else { return }
        if let gap = detector.tick(now: now) {
            // Messages may be unread: no worker is blamed for it.
            roster.restartDeadlines(now: now)
            claims.restart(now: now)
            log(.detail, "the coordinator was late by \(gap) ms: all deadlines restart")
        } else {
            checkDeadlines(now: now)
        }
        guard phase != .over else { return }
        progressDeadline.tick(waitsForWorkers: phase.waitsForWorkers, now: now)
        sendHeartbeats(now: now)
        writeNextCheckpoint(now: now)
    }

    private mutating func checkDeadlines(now: UInt64) {
        confirmSuspicions(now: now)
        settleClaims(now: now)
        judgeLinks(now: now)
        switch phase {
        case .gathering(let since): checkGathering(since: since, now: now)
        case .preparing(let since): checkPreparing(since: since, now: now)
        case .reconfiguring(let reconfiguration): checkReconfiguring(since: reconfiguration.since, now: now)
        case .waitingForWorkers(let since): checkWaitingForWorkers(since: since, now: now)
        case .linking(let since): checkLinking(since: since, now: now)
        case .training: checkTraining(now: now)
        case .rescuing(let rescue):
            if now >= rescue.deadline { endRescue(now: now) }
        case .auditing(let audit):
            if now >= audit.deadline { abandonAudit(audit, now: now) }
        case .comparing(let comparison):
            if now >= comparison.deadline { endComparison(tensors: [], now: now) }
        case .ending(let ending):
            if now >= ending.deadline { finish(now: now) }
        case .over: break
        }
        perform(earlyEnd.check(situation, now: now), now: now)
        if !phase.isEnding { loseSilentWorkers(now: now) }
    }

    private mutating func sendHeartbeats(now: UInt64) {
        let interval = configuration.timing.heartbeatIntervalMilliseconds
        for worker in roster.present where now >= roster[worker].lastHeartbeat + interval {
            roster.noteHeartbeat(to: worker, now: now)
            send(heartbeat(for: worker), to: worker)
        }
    }

    /// The current order, so that a worker that missed it receives it again; a plain heartbeat where there is none.
    func heartbeat(for worker: Int) -> CoordinatorMessage {
        let record = roster[worker]
        let generation = membership.generation
        switch phase {
        case .ending(let ending): return farewell(ending.outcome)
        case .reconfiguring where record.holdsState:
            return record.ready == nil ? .reconfigure(generation: generation) : .heartbeat
        case .linking, .training:
            if record.rank != nil, record.linkedGeneration != generation, let view = membership.journalledView {
                return .view(view)
            }
            if record.rank != nil, phase == .training { return order }
        default: break
        }
        // A worker that returns with an outdated state has to quiesce.
        let isReturning = record.hello.attachment?.holdsState ?? false
        let isOutdated = isReturning && !record.holdsState && record.ready == nil && membership.view != nil
        return isOutdated ? .reconfigure(generation: generation) : .heartbeat
    }

    /// Logs what the coordinator waits for, every few seconds.
    mutating func logWaiting(_ text: String, missing: [String] = [], now: UInt64) {
        guard now >= lastWaitingMessage + configuration.timing.waitingMessageIntervalMilliseconds else { return }
        lastWaitingMessage = now
        log(.notice, text + (missing.isEmpty ? "" : ": " + missing.joined(separator: "; ")))
    }

    // MARK: Signals

    private var situation: EarlyEnd.Situation {
        EarlyEnd.Situation(
            phase: phase, mayHaveStates: hasTrained || configuration.lastGeneration > 0,
            hasUnfinishedOwner: membership.owners(in: roster).contains { roster[$0].done == nil })
    }

    /// Does what follows from a signal.
    private mutating func perform(_ decision: EarlyEnd.Decision, now: UInt64) {
        switch decision {
        case .nothing: break
        case .stop(let signal):
            let stepLimit = grants.requestStop(signal: signal)
            emit(.journal(.stopping(stepLimit: stepLimit)))
            log(.notice, "interrupted: the workers stop after step \(stepLimit)")
            sendGrant(now: now)
        case .quiesce: reconfigure(now: now)
        case .giveUpStep:
            log(.warning, "half of the grace time is over: the step in flight is given up")
            reconfigure(now: now)
        case .awaitStates: log(.notice, "interrupted: waiting for workers that hold a state")
        case .saveState: saveFurthestState(now: now)
        case .endSaved: endInterrupted(now: now)
        case .endUnsaved:
            guard let outcome = earlyEnd.outcome(savedSteps: checkpoints.savedSteps, isSaved: false) else { return }
            end(outcome, now: now)
            finish(now: now)
        case .finish: finish(now: now)
        }
    }

    // MARK: Phase

    /// The only place where the phase changes.
    mutating func transition(to next: Phase, now: UInt64) {
        precondition(phase != .over, "nothing follows the end of a run")
        phase = next
        if next.isWaiting { lastWaitingMessage = now }
        if next.isEnding { detector.forgetSuspicions() }
    }

    /// The sender of all messages; the driver puts it in front of each.
    package var identity: CoordinatorIdentity {
        CoordinatorIdentity(job: configuration.job, term: configuration.term)
    }

    /// What the run's files contain, for workers.
    var records: Records {
        Records(epochs: ledger.completedEpochs, savedEpochs: checkpoints.savedEpochs)
    }

    /// Whether workers hold states that are not the run's first one.
    var hasTrained: Bool { membership.view != nil || roster.present.contains { roster[$0].isAttached } }

    /// No state can have more steps complete.
    var grantedSteps: UInt64 { max(grants.stepLimit, membership.view?.position.completedSteps ?? 0) }

    func isOwner(_ worker: Int) -> Bool { membership.isOwner(roster[worker]) }

    // MARK: Actions

    mutating func emit(_ action: CoordinatorAction) {
        actions.append(action)
    }

    mutating func send(_ message: CoordinatorMessage, to worker: Int) {
        emit(.send(message, to: roster[worker].connection))
    }

    mutating func log(_ level: LogEntry.Level, _ text: String) {
        emit(.log(LogEntry(level: level, text: text)))
    }

    /// Counts a message that has no effect.
    mutating func ignoreMessage() {
        ignoredMessageCount += 1
    }

    private mutating func takeActions() -> [CoordinatorAction] {
        defer { actions = [] }
        return actions
    }
}
