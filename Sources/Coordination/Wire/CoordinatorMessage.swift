package import Core

/// What the coordinator tells a worker.
package enum CoordinatorMessage: Sendable, Equatable {
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
package struct Grant: Sendable, Equatable {
    package var generation: UInt64
    /// Steps below it may be started.
    package var stepLimit: UInt64
    package var records: Records

    package init(generation: UInt64, stepLimit: UInt64, records: Records) {
        self.generation = generation
        self.stepLimit = stepLimit
        self.records = records
    }
}

/// What the coordinator has written down.
package struct Records: Sendable, Equatable {
    /// Epochs whose rows are recorded.
    package var epochs: UInt32
    /// The last epoch whose state, where one was wanted, is saved.
    package var savedEpochs: UInt32

    package init(epochs: UInt32, savedEpochs: UInt32) {
        self.epochs = epochs
        self.savedEpochs = savedEpochs
    }
}

/// The answer to an accepted worker.
package struct Welcome: Sendable, Equatable {
    /// Rises with every process that leads the run.
    package var term: UInt64
    package var job: JobIdentifier
    package var workerIdentifier: UInt32
    /// The resolved experiment in its canonical form.
    package var experiment: String
    /// The data sets that it needs.
    package var data: [ContentDescription]
    /// The state to resume from; nil starts afresh from the experiment's seed.
    package var state: ContentDescription?
    package var records: Records
    package var settings: RunSettings

    package init(
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
package struct RunSettings: Sendable, Equatable {
    package var heartbeatIntervalMilliseconds: UInt32
    /// After that much silence the worker looks for the coordinator's successor.
    package var coordinatorSilenceMilliseconds: UInt32
    /// The worker saves its state and ends when no coordinator is heard for that long.
    package var successorMilliseconds: UInt32
    /// Rank 0 sends its state after every so many epochs.
    package var checkpointEpochInterval: UInt32
    /// The share of gradient roots that a second worker recomputes, in millionths.
    package var auditMillionths: UInt32

    package init(
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
    package func wantsCheckpoint(epoch: Int, bestImproved: Bool, isLast: Bool) -> Bool {
        isLast || bestImproved || epoch % max(1, Int(checkpointEpochInterval)) == 0
    }
}

/// Why a worker may not take part.
package struct Refusal: Sendable, Equatable {
    package enum Kind: UInt8, Sendable, CaseIterable {
        case protocolVersion = 0
        case arithmeticVersion = 1
        case experiment = 2
        case duplicate = 3
        case tooMany = 4
        case ended = 5
    }

    package var kind: Kind
    /// One line with both sides' values.
    package var reason: String

    package init(kind: Kind, reason: String) {
        self.kind = kind
        self.reason = reason
    }
}

/// A piece of data or state on its way to a worker.
package struct ContentChunk: Sendable, Equatable {
    package var content: ContentIdentifier
    package var chunk: UInt32
    /// CRC-32C of `bytes`.
    package var checksum: UInt32
    package var bytes: [UInt8]

    package init(content: ContentIdentifier, chunk: UInt32, checksum: UInt32, bytes: [UInt8]) {
        self.content = content
        self.chunk = chunk
        self.checksum = checksum
        self.bytes = bytes
    }
}
