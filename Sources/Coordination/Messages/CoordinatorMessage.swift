/// What the coordinator tells a worker.
public enum CoordinatorMessage: Sendable, Equatable {
    case welcome(Welcome)
    case refused(Refusal)
    /// Nothing new, but alive.
    case heartbeat
    case contentChunk(ContentChunk)
    case view(View)
    /// Workers of `generation` may start steps below `stepLimit`. Repeated as the heartbeat of training.
    case grant(generation: UInt64, stepLimit: UInt64)
    /// Workers compute until `stepLimit` steps are complete, then end. Repeated as the heartbeat of stopping.
    case stop(generation: UInt64, stepLimit: UInt64)
    /// A chunk of state arrived.
    case stateReceived(name: StateName, offset: UInt64)
    /// Serialize the state as it is now, and send it.
    case sendState(StatePurpose)
    /// The run ended as it should.
    case end(reason: String)
    /// The run failed; the worker leaves with that exit code.
    case abort(exitCode: Int32, reason: String)
}

/// The answer to an accepted worker.
public struct Welcome: Sendable, Equatable {
    public var job: JobIdentifier
    public var workerIdentifier: UInt32
    /// The resolved experiment in its canonical form.
    public var experiment: String
    /// The data sets that it needs.
    public var data: [ContentDescription]
    /// The state to resume from; nil starts afresh from the experiment's seed.
    public var state: ContentDescription?
    public var settings: RunSettings

    public init(
        job: JobIdentifier, workerIdentifier: UInt32, experiment: String, data: [ContentDescription],
        state: ContentDescription?, settings: RunSettings
    ) {
        self.job = job
        self.workerIdentifier = workerIdentifier
        self.experiment = experiment
        self.data = data
        self.state = state
        self.settings = settings
    }
}

/// What a worker must know of how the run is led.
public struct RunSettings: Sendable, Equatable {
    public var heartbeatIntervalMilliseconds: UInt32
    /// The worker ends when it hears nothing for that long.
    public var coordinatorSilenceMilliseconds: UInt32
    /// Rank 0 sends its state after every so many epochs.
    public var checkpointEpochInterval: UInt32

    public init(
        heartbeatIntervalMilliseconds: UInt32, coordinatorSilenceMilliseconds: UInt32,
        checkpointEpochInterval: UInt32
    ) {
        self.heartbeatIntervalMilliseconds = heartbeatIntervalMilliseconds
        self.coordinatorSilenceMilliseconds = coordinatorSilenceMilliseconds
        self.checkpointEpochInterval = checkpointEpochInterval
    }

    /// Whether rank 0 sends its state at the end of `epoch` (from 1).
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
