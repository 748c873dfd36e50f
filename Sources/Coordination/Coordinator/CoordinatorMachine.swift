import Core

/// The coordinator without sockets, clock or files: its driver reports what happened, and does what is returned.
///
/// Times are monotonic milliseconds. The driver calls `tick` at least every 50 ms, decodes nothing itself, performs
/// actions in their order, and calls nothing more after `.finish`.
package struct CoordinatorMachine: ~Copyable {
    let configuration: CoordinatorConfiguration
    var phase: Phase
    var roster = Roster()
    /// The last view that was sent; nil before the first.
    var view: View?
    /// The highest generation that was announced.
    var generation: UInt64
    /// The highest generation that a worker has heard of from a coordinator before; the next one is above it.
    var foreignGeneration: UInt64 = 0
    var stop: Stop?
    /// Whether grants end so that the membership can change.
    var isBoundaryAnnounced = false
    var faultCounts = FaultCounts()
    var brokenLinks = BrokenLinks()
    var recovery: OpenRecovery?
    /// Workers reported different states.
    var divergence: Verdict?
    /// What became of the worker that was lost last.
    var lastLoss: Verdict?
    /// Digest of the state from which the view starts.
    var viewDigest: SHA256Digest?
    /// When all owners had reached the boundary.
    var boundaryReachedAt: UInt64?
    var hasStarted = false
    var slowWorkers: Set<UInt32> = []
    /// Connections of workers whose name another one has, and when they said it first.
    var namesakes: [ConnectionIdentifier: UInt64] = [:]
    var grants: GrantPace
    var ledger: EpochLedger
    var collector: StateCollector
    var heldStates: [HeldState] = []
    var checkpoints: CheckpointQueue
    var journalledSteps: UInt64
    /// Children of this host that run, as their parent told.
    var aliveChildren: Set<Int32>
    let startedAt: UInt64
    var lastChildEnd: UInt64?
    var lastTick: UInt64
    var lastWaitingMessage: UInt64
    var suspicions: [Suspicion] = []
    /// What the event being handled has asked for so far.
    var actions: [CoordinatorAction] = []
    /// Messages whose bytes could not be read.
    var undecodableCount = 0
    /// Frames of another generation or of nobody, which had no effect.
    var ignoredMessageCount = 0

    /// Throws when the experiment or the number of workers is impossible.
    package init(configuration: CoordinatorConfiguration, now: UInt64) throws(CoordinatorConfigurationError) {
        try configuration.check()
        self.configuration = configuration
        phase = .gathering(since: now)
        generation = configuration.lastGeneration
        let start = configuration.start.position
        grants = GrantPace(completedSteps: start.completedSteps, timing: configuration.timing)
        ledger = EpochLedger(completedEpochs: start.completedEpochs)
        collector = StateCollector()
        checkpoints = CheckpointQueue(
            retryMilliseconds: configuration.timing.checkpointRetryMilliseconds,
            savedSteps: start.completedSteps, savedEpochs: start.completedEpochs)
        journalledSteps = start.completedSteps
        aliveChildren = Set(configuration.childProcessIdentifiers)
        // Workers finish the step they are at without a coordinator, so that none is done again.
        recovery = configuration.predecessor.map {
            OpenRecovery(cause: $0.reason, noticedAt: min($0.noticedMilliseconds, now), redoneMicroBatches: 0)
        }
        startedAt = now
        lastTick = now
        lastWaitingMessage = now
    }

    /// Bytes came from a connection.
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

    /// A message came from a connection.
    package mutating func received(_ message: WorkerMessage, from connection: ConnectionIdentifier, now: UInt64)
        -> [CoordinatorAction]
    {
        handle(message, from: connection, now: now)
        return takeActions()
    }

    /// A child process was started on this host, in the place of one that ended.
    package mutating func childStarted(processIdentifier: Int32) {
        aliveChildren.insert(processIdentifier)
    }

    /// A child process of this host ended; its parent saw how.
    package mutating func childEnded(processIdentifier: Int32, status: ChildStatus, now: UInt64) -> [CoordinatorAction]
    {
        handleChildEnd(processIdentifier: processIdentifier, status: status, now: now)
        return takeActions()
    }

    /// A child process of this host was stopped (SIGSTOP and its like).
    package mutating func childStopped(processIdentifier: Int32, now: UInt64) -> [CoordinatorAction] {
        handleChildStop(processIdentifier: processIdentifier, now: now)
        return takeActions()
    }

    /// Time passed. Sends heartbeats and keeps every deadline.
    package mutating func tick(now: UInt64) -> [CoordinatorAction] {
        handleTick(now: now)
        return takeActions()
    }

    /// A signal asks the run to stop: the first time at the end of the current grant, the second time at once.
    package mutating func interrupt(signal: Int32, now: UInt64) -> [CoordinatorAction] {
        handleInterrupt(signal: signal, now: now)
        return takeActions()
    }

    /// A checkpoint is on disk (`failure` nil), or could not be written.
    package mutating func checkpointWritten(identifier: UInt64, failure: String?, now: UInt64) -> [CoordinatorAction] {
        handleCheckpoint(identifier: identifier, failure: failure, now: now)
        return takeActions()
    }

    /// The names of the tensors in which two states differ.
    package mutating func statesCompared(tensors: [String], now: UInt64) -> [CoordinatorAction] {
        endComparison(tensors: tensors, now: now)
        return takeActions()
    }

    /// The digest of a gradient that was asked for is known; nil when it could not be computed. `generation` is the question's.
    package mutating func auditJudged(generation: UInt64, digest: UInt64?, now: UInt64) -> [CoordinatorAction] {
        if generation == self.generation { handleJudgement(digest, now: now) }
        return takeActions()
    }

    private mutating func takeActions() -> [CoordinatorAction] {
        defer { actions = [] }
        return actions
    }
}
