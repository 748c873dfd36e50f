/// The coordinator without sockets, clock or files: its driver reports what happened, and does what is returned.
///
/// Times are monotonic milliseconds. The driver calls `tick` at least every 50 ms, decodes nothing itself, performs
/// actions in their order, and calls nothing more after `.finish`.
public struct CoordinatorMachine: ~Copyable {
    let configuration: CoordinatorConfiguration
    var phase: Phase
    var roster = Roster()
    /// The current view; nil before the first.
    public internal(set) var view: View?
    var grants: GrantPace
    var ledger: EpochLedger
    var collector: StateCollector
    var heldStates: [HeldState] = []
    var checkpoints: CheckpointQueue
    var journalledSteps: UInt64
    var lastTick: UInt64
    var lastWaitingMessage: UInt64
    var suspicions: [Suspicion] = []
    /// What the event being handled has asked for so far.
    var actions: [CoordinatorAction] = []
    /// Frames of another generation or of nobody, which had no effect.
    public internal(set) var ignoredMessageCount = 0

    /// Throws when the experiment or the number of workers is impossible.
    public init(configuration: CoordinatorConfiguration, now: UInt64) throws(CoordinatorConfigurationError) {
        try configuration.check()
        self.configuration = configuration
        phase = .gathering(since: now)
        grants = GrantPace(completedSteps: configuration.start.completedSteps, timing: configuration.timing)
        ledger = EpochLedger(completedEpochs: configuration.start.completedEpochs)
        collector = StateCollector(checksum: configuration.checksum)
        checkpoints = CheckpointQueue(
            retryMilliseconds: configuration.timing.checkpointRetryMilliseconds,
            savedSteps: configuration.start.completedSteps)
        journalledSteps = configuration.start.completedSteps
        lastTick = now
        lastWaitingMessage = now
    }

    /// Bytes came from a connection.
    public mutating func received(_ bytes: [UInt8], from connection: ConnectionIdentifier, now: UInt64)
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
    public mutating func received(_ message: WorkerMessage, from connection: ConnectionIdentifier, now: UInt64)
        -> [CoordinatorAction]
    {
        handle(message, from: connection, now: now)
        return takeActions()
    }

    /// A child process of this host ended; its parent saw how.
    public mutating func childEnded(processIdentifier: Int32, status: ChildStatus, now: UInt64) -> [CoordinatorAction] {
        handleChildEnd(processIdentifier: processIdentifier, status: status, now: now)
        return takeActions()
    }

    /// A child process of this host was stopped (SIGSTOP and its like).
    public mutating func childStopped(processIdentifier: Int32, now: UInt64) -> [CoordinatorAction] {
        handleChildStop(processIdentifier: processIdentifier, now: now)
        return takeActions()
    }

    /// A connection closed.
    public mutating func connectionLost(_ connection: ConnectionIdentifier, now: UInt64) -> [CoordinatorAction] {
        handleLostConnection(connection, now: now)
        return takeActions()
    }

    /// Time passed. Sends heartbeats and keeps every deadline.
    public mutating func tick(now: UInt64) -> [CoordinatorAction] {
        handleTick(now: now)
        return takeActions()
    }

    /// A signal asks the run to stop: the first time at the end of the current grant, the second time at once.
    public mutating func interrupt(signal: Int32, now: UInt64) -> [CoordinatorAction] {
        handleInterrupt(signal: signal, now: now)
        return takeActions()
    }

    /// A checkpoint is on disk (`failure` nil), or could not be written.
    public mutating func checkpointWritten(identifier: UInt64, failure: String?, now: UInt64) -> [CoordinatorAction] {
        handleCheckpoint(identifier: identifier, failure: failure, now: now)
        return takeActions()
    }

    private mutating func takeActions() -> [CoordinatorAction] {
        defer { actions = [] }
        return actions
    }
}
