/// What the coordinator tells a worker.
public enum CoordinatorMessage: Sendable, Equatable {
    case welcome(Welcome)
    case refused(Refusal)
    /// Nothing new, but alive.
    case heartbeat
    /// The coordinator does not know this worker: it is to say HELLO again.
    case introduce
    case contentChunk(ContentChunk)
    /// The membership changes: end the exchange, tell how far the state is, and wait for the view of this generation.
    /// Repeated until it is answered.
    case regroup(generation: UInt64)
    /// Repeated until its links stand.
    case view(View)
    /// Repeated as the heartbeat of training.
    case grant(Grant)
    /// Workers compute until the grant's limit is reached, then end. Repeated as the heartbeat of stopping.
    case stop(Grant)
    /// A chunk of state arrived.
    case stateReceived(name: StateName, offset: UInt64)
    /// Serialize the state as it is now, and send it.
    case sendState(StatePurpose)
    /// The run ended as it should.
    case end(reason: String)
    /// The run failed; the worker leaves with that exit code.
    case abort(exitCode: Int32, reason: String)
}

/// How far workers may go, and what they need not keep any longer.
public struct Grant: Sendable, Equatable {
    public var generation: UInt64
    /// Steps below it may be started.
    public var stepLimit: UInt64
    public var records: Records

    public init(generation: UInt64, stepLimit: UInt64, records: Records) {
        self.generation = generation
        self.stepLimit = stepLimit
        self.records = records
    }
}

/// What the coordinator has written down.
public struct Records: Sendable, Equatable {
    /// Epochs whose rows are recorded.
    public var epochs: UInt32
    /// The last epoch whose state, where one was wanted, is saved.
    public var savedEpochs: UInt32

    public init(epochs: UInt32, savedEpochs: UInt32) {
        self.epochs = epochs
        self.savedEpochs = savedEpochs
    }
}

/// The answer to an accepted worker.
public struct Welcome: Sendable, Equatable {
    /// Rises with every process that leads the run.
    public var term: UInt64
    public var job: JobIdentifier
    public var workerIdentifier: UInt32
    /// The resolved experiment in its canonical form.
    public var experiment: String
    /// The data sets that it needs.
    public var data: [ContentDescription]
    /// The state to resume from; nil starts afresh from the experiment's seed.
    public var state: ContentDescription?
    public var records: Records
    public var settings: RunSettings

    public init(
        term: UInt64, job: JobIdentifier, workerIdentifier: UInt32, experiment: String, data: [ContentDescription],
        state: ContentDescription?, records: Records, settings: RunSettings
    ) {
        self.term = term
        self.job = job
        self.workerIdentifier = workerIdentifier
        self.experiment = experiment
        self.data = data
        self.state = state
        self.records = records
        self.settings = settings
    }
}

/// What a worker must know of how the run is led.
public struct RunSettings: Sendable, Equatable {
    public var heartbeatIntervalMilliseconds: UInt32
    /// After that much silence the worker looks for the coordinator's successor.
    public var coordinatorSilenceMilliseconds: UInt32
    /// The worker saves its state and ends when no coordinator is heard for that long.
    public var successorMilliseconds: UInt32
    /// Rank 0 sends its state after every so many epochs.
    public var checkpointEpochInterval: UInt32
    /// The share of gradient roots that a second worker recomputes, in millionths.
    public var auditMillionths: UInt32

    public init(
        heartbeatIntervalMilliseconds: UInt32, coordinatorSilenceMilliseconds: UInt32, successorMilliseconds: UInt32,
        checkpointEpochInterval: UInt32, auditMillionths: UInt32 = 0
    ) {
        self.heartbeatIntervalMilliseconds = heartbeatIntervalMilliseconds
        self.coordinatorSilenceMilliseconds = coordinatorSilenceMilliseconds
        self.successorMilliseconds = successorMilliseconds
        self.checkpointEpochInterval = checkpointEpochInterval
        self.auditMillionths = auditMillionths
    }

    /// Whether the state at the end of `epoch` (from 1) is to be saved.
    public func wantsCheckpoint(epoch: Int, bestImproved: Bool, isLast: Bool) -> Bool {
        isLast || bestImproved || epoch % max(1, Int(checkpointEpochInterval)) == 0
    }
}

/// Why a worker may not take part.
public struct Refusal: Sendable, Equatable {
    public enum Kind: UInt8, Sendable, CaseIterable {
        case protocolVersion = 0
        case arithmeticVersion = 1
        case experiment = 2
        case duplicate = 3
        case tooMany = 4
        case ended = 5
    }

    public var kind: Kind
    /// One line with both sides' values.
    public var reason: String

    public init(kind: Kind, reason: String) {
        self.kind = kind
        self.reason = reason
    }
}

/// A piece of data or state on its way to a worker.
public struct ContentChunk: Sendable, Equatable {
    public var content: ContentIdentifier
    public var chunk: UInt32
    /// CRC-32C of `bytes`.
    public var checksum: UInt32
    public var bytes: [UInt8]

    public init(content: ContentIdentifier, chunk: UInt32, checksum: UInt32, bytes: [UInt8]) {
        self.content = content
        self.chunk = chunk
        self.checksum = checksum
        self.bytes = bytes
    }
}
