package import Core

/// A worker's control thread without sockets, clock or threads: its driver reports what the coordinator sent and what
/// the compute thread did, and does what is returned.
///
/// Times are monotonic milliseconds. The driver calls `tick` at least every 50 ms, performs actions in their order, and
/// calls nothing more after `.exit`.
package struct WorkerMachine: ~Copyable {
    let configuration: WorkerConfiguration
    var phase: Phase = .created
    var welcome: Welcome?
    /// The last view that was entered.
    var view: View?
    /// Steps below it may be started.
    var stepLimit: UInt64 = 0
    var stopLimit: UInt64?
    var progress: Progress
    var stepDigests = StepDigests(generation: 0, firstStep: 0, digests: [])
    var fetcher: ContentFetcher
    var uploads: StateUploads
    /// Whether a coordinator knows this worker.
    var isKnown = false
    /// Whether it has a state of the run, not only of its begin.
    var holdsState = false
    /// The highest generation that was announced to it.
    var heardGeneration: UInt64 = 0
    var linkedGeneration: UInt64 = 0
    /// Its rank in the last view.
    var rank: Int?
    /// How far the state is, while it stands still.
    var standing: Ready?
    /// What the coordinator waits for.
    var lastAnswer: WorkerMessage?
    var lastLinked: Linked?
    /// All epochs that this worker knows of, by number.
    var reports: [EpochEnded] = []
    /// What the compute thread was asked to serialize.
    var awaitedStates: Set<StatePurpose> = []
    /// States that the coordinator may not have saved yet.
    var retained: [(name: StateName, bytes: [UInt8])] = []
    var lastReport: UInt64 = 0
    var lastHello: UInt64 = 0
    var reportThreshold: UInt64 = 0
    var computeCounter: UInt64 = 0
    var lastSent: UInt64
    var lastHeard: UInt64
    var lastTick: UInt64
    var actions: [WorkerAction] = []
    /// Messages of another generation, or that do not fit the phase, which had no effect.
    var ignoredMessageCount = 0

    package init(configuration: WorkerConfiguration, now: UInt64) {
        self.configuration = configuration
        progress = Progress(generation: 0, completedSteps: 0, phase: .learning, counter: 0)
        fetcher = ContentFetcher(chunksAtATime: configuration.requestedChunkCount)
        uploads = StateUploads(windowChunkCount: configuration.stateWindowChunkCount)
        lastSent = now
        lastHeard = now
        lastTick = now
    }

    /// The socket is open and the inbox bound: say HELLO.
    package mutating func start(now: UInt64) -> [WorkerAction] {
        handleStart(now: now)
        return takeActions()
    }

    /// Bytes came from the coordinator.
    package mutating func received(_ bytes: [UInt8], now: UInt64) -> [WorkerAction] {
        do {
            return received(try CoordinatorMessage(decoding: bytes), now: now)
        } catch {
            handleUndecodable(error, now: now)
            return takeActions()
        }
    }

    /// A message came from the coordinator.
    package mutating func received(_ message: CoordinatorMessage, now: UInt64) -> [WorkerAction] {
        handle(message, now: now)
        return takeActions()
    }

    /// The experiment is understood; `missing` names the data sets that this host does not have.
    package mutating func experimentLoaded(missing: [SHA256Digest], now: UInt64) -> [WorkerAction] {
        handleExperimentLoaded(missing: missing, now: now)
        return takeActions()
    }

    /// Data set, model and state are ready.
    package mutating func prepared(position: Position, stateDigest: SHA256Digest, now: UInt64) -> [WorkerAction] {
        handlePrepared(position: position, stateDigest: stateDigest, now: now)
        return takeActions()
    }

    /// The compute thread stands still, as `regroup` asked.
    package mutating func regrouped(position: Position, stateDigest: SHA256Digest, now: UInt64) -> [WorkerAction] {
        handleRegrouped(position: position, stateDigest: stateDigest, now: now)
        return takeActions()
    }

    /// All links of that view stand, and the state is the one from which it starts.
    package mutating func linked(generation: UInt64, stateDigest: SHA256Digest, now: UInt64) -> [WorkerAction] {
        handleLinked(generation: generation, stateDigest: stateDigest, now: now)
        return takeActions()
    }

    /// The connection to the coordinator broke, or a successor was started at its address.
    package mutating func coordinatorLost(now: UInt64) -> [WorkerAction] {
        lookForCoordinator(now: now)
        return takeActions()
    }

    /// The state is saved in this worker's own folder; `path` is nil when that failed or was not worth it.
    package mutating func stateSaved(path: String?, now: UInt64) -> [WorkerAction] {
        handleStateSaved(path: path)
        return takeActions()
    }

    /// The compute thread is at `phase` with that many steps complete; `counter` rises with anything that got done.
    package mutating func computed(
        completedSteps: UInt64, phase: WorkerPhase, counter: UInt64, microBatchNanoseconds: UInt64 = 0,
        measures: RunningMeasures?, now: UInt64
    ) -> [WorkerAction] {
        progress.microBatchNanoseconds = microBatchNanoseconds
        handleComputed(
            completedSteps: completedSteps, phase: phase, counter: counter, measures: measures, now: now)
        return takeActions()
    }

    /// Rank 0 only: the digest of the reduced gradient of `step` (from 0).
    package mutating func stepReduced(step: UInt64, digest: UInt64, now: UInt64) -> [WorkerAction] {
        handleStepReduced(step: step, digest: digest)
        return takeActions()
    }

    /// An epoch ended, or was found in a state that this worker took over.
    package mutating func epochEnded(_ ended: EpochEnded, now: UInt64) -> [WorkerAction] {
        handleEpochEnded(ended, now: now)
        return takeActions()
    }

    /// A state was serialized and goes to the coordinator.
    package mutating func stateSerialized(_ name: StateName, bytes: [UInt8], now: UInt64) -> [WorkerAction] {
        handleSerialized(name, bytes: bytes, now: now)
        return takeActions()
    }

    /// Training is over: every epoch done (`isComplete`), or the stop boundary reached.
    package mutating func finished(completedSteps: UInt64, stateDigest: SHA256Digest, isComplete: Bool, now: UInt64)
        -> [WorkerAction]
    {
        handleFinished(
            completedSteps: completedSteps, stateDigest: stateDigest, isComplete: isComplete, now: now)
        return takeActions()
    }

    /// The compute thread met something that it cannot go on from.
    package mutating func failed(_ kind: WorkerFailure.Kind, message: String, now: UInt64) -> [WorkerAction] {
        handleFailure(kind, message: message, now: now)
        return takeActions()
    }

    /// Time passed. Sends heartbeats and keeps every deadline.
    package mutating func tick(now: UInt64) -> [WorkerAction] {
        handleTick(now: now)
        return takeActions()
    }

    private mutating func takeActions() -> [WorkerAction] {
        defer { actions = [] }
        return actions
    }
}
