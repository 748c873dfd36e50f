package import Core

/// What a coordinator needs before it starts.
package struct CoordinatorConfiguration: Sendable {
    package var job: JobIdentifier
    /// The resolved experiment in its canonical form.
    package var experiment: String
    package var experimentDigest: SHA256Digest
    package var arithmeticVersion: UInt32
    package var microBatchCount: Int
    package var bounds: RunBounds
    /// The first view waits for so many workers.
    package var workerCount: Int
    /// So many may compute at the same time; further ones wait as spares.
    package var ownerLimit: Int
    /// Number of this coordinator among those of the run, from 1.
    package var term: UInt64 = 1
    /// The highest generation of earlier coordinators.
    package var lastGeneration: UInt64 = 0
    /// Why this coordinator takes over, if the end of its predecessor was observed.
    package var predecessor: CoordinatorLoss?
    /// When the coordinator before this one recorded last, however it ended; nil for a new run.
    package var predecessorRecordMilliseconds: UInt64?
    /// Children on this host whose end or stop the driver reports.
    package var childProcessIdentifiers: [Int32] = []
    /// That of this process: workers with the same one are local.
    package var processSpace: ProcessSpace
    package var data: [ContentDescription]
    package var start: StartingPoint = .fresh
    package var settings = RunSettings()
    package var timing = CoordinatorTiming()

    package init(
        job: JobIdentifier, experiment: String, experimentDigest: SHA256Digest, arithmeticVersion: UInt32,
        microBatchCount: Int, bounds: RunBounds, workerCount: Int, processSpace: ProcessSpace,
        data: [ContentDescription]
    ) {
        self.job = job
        self.experiment = experiment
        self.experimentDigest = experimentDigest
        self.arithmeticVersion = arithmeticVersion
        self.microBatchCount = microBatchCount
        self.bounds = bounds
        self.workerCount = workerCount
        ownerLimit = workerCount
        self.processSpace = processSpace
        self.data = data
    }
}

/// The end of the coordinator before this one.
package struct CoordinatorLoss: Sendable, Equatable {
    package var reason: String
    /// On the same clock as all times.
    package var noticedMilliseconds: UInt64

    package init(reason: String, noticedMilliseconds: UInt64) {
        self.reason = reason
        self.noticedMilliseconds = noticedMilliseconds
    }
}

/// Where training starts.
package enum StartingPoint: Sendable, Equatable {
    case fresh
    /// From a serialized state that the driver holds; its steps and epochs are complete.
    case state(ContentDescription, Position)

    var content: ContentDescription? {
        if case .state(let content, _) = self { content } else { nil }
    }

    var position: Position {
        if case .state(_, let position) = self { position } else { .start }
    }
}

/// What makes a coordinator's configuration impossible.
package enum CoordinatorConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    case experimentTooLong(byteCount: Int)
    case workerCount(Int, microBatchCount: Int)
    case tooMuchContent

    package var description: String {
        switch self {
        case .experimentTooLong(let byteCount):
            "the experiment is \(byteCount) bytes long; at most \(WireLimits.experimentByteCount) can be sent to workers"
        case .workerCount(let workers, let microBatches):
            "\(workers) workers cannot share \(microBatches) micro-batches: use 1 to \(microBatches) workers"
        case .tooMuchContent:
            "the data or state is too large to be sent to workers: \(WireLimits.contentByteCount) bytes in each of "
                + "\(WireLimits.contentCount) pieces"
        }
    }
}

extension CoordinatorConfiguration {
    /// The intervals that workers receive.
    var workerTiming: WorkerTiming {
        WorkerTiming(
            heartbeatIntervalMilliseconds: UInt32(clamping: timing.heartbeatIntervalMilliseconds),
            coordinatorSilenceMilliseconds: UInt32(clamping: timing.coordinatorSilenceMilliseconds))
    }

    func check() throws(CoordinatorConfigurationError) {
        let experimentByteCount = experiment.utf8.count
        guard experimentByteCount <= WireLimits.experimentByteCount else {
            throw .experimentTooLong(byteCount: experimentByteCount)
        }
        let most = min(microBatchCount, WireLimits.workerCount)
        guard workerCount >= 1, workerCount <= most else {
            throw .workerCount(workerCount, microBatchCount: microBatchCount)
        }
        precondition(
            1...workerCount ~= settings.minimumWorkerCount, "the minimum is at most the number of workers at the start")
        precondition(workerCount...most ~= ownerLimit, "all workers of the start may compute")
        let contents = data + (start.content.map { [$0] } ?? [])
        guard data.count <= WireLimits.contentCount,
            contents.allSatisfy({ $0.byteCount <= WireLimits.contentByteCount })
        else { throw .tooMuchContent }
    }
}

/// Every deadline and interval of a coordinator, in milliseconds.
package struct CoordinatorTiming: Sendable, Equatable {
    package var heartbeatIntervalMilliseconds: UInt64 = 250
    package var localSilenceMilliseconds: UInt64 = 1500
    package var remoteSilenceMilliseconds: UInt64 = 1900
    /// A worker that receives nothing from the coordinator for so long looks for a successor.
    package var coordinatorSilenceMilliseconds: UInt64 = 2000
    /// Time from a successor's start in which it waits for the other workers of its predecessor, once one has joined.
    package var attachMilliseconds: UInt64 = 3000
    /// Time in which a child that ended may be replaced before the run starts without it.
    package var replacementMilliseconds: UInt64 = 7000
    /// A link that breaks twice within this time suspends one of the two workers, at most for as long.
    package var linkProbationMilliseconds: UInt64 = 60_000
    /// The first suspension. Each further one because of the same link lasts twice as long: most links heal soon, and a
    /// link that does not costs an attempt each time.
    package var linkSuspensionMilliseconds: UInt64 = 5000
    /// A longer gap between ticks means that the coordinator itself was late.
    package var lateTickMilliseconds: UInt64 = 250
    /// For loading data and state, and for connecting peers.
    package var preparationDeadlineMilliseconds: UInt64 = 600_000
    package var waitingMessageIntervalMilliseconds: UInt64 = 10_000
    /// A worker that sends heartbeats but makes no progress for so long is unresponsive.
    package var stepDeadlineMilliseconds: UInt64 = 120_000
    /// How long a better explanation may take to arrive after a peer's report or an exit with a code.
    package var confirmationMilliseconds: UInt64 = 100
    /// How long a worker whose connection closed may take to connect again.
    package var reconnectionMilliseconds: UInt64 = 500
    /// Grants reach about so far ahead.
    package var grantAheadMilliseconds: UInt64 = 1000
    /// Time in which workers have to leave once they were asked to.
    package var farewellMilliseconds: UInt64 = 2000
    /// Time in which a worker has to send a state that was asked for.
    package var stateDeliveryMilliseconds: UInt64 = 20_000
    package var checkpointRetryMilliseconds: UInt64 = 1000

    package init() {}

    /// How long a worker may be silent before it is lost.
    func silenceMilliseconds(isLocal: Bool) -> UInt64 {
        isLocal ? localSilenceMilliseconds : remoteSilenceMilliseconds
    }

    /// A worker that is in doubt for another reason too is lost after this silence: two heartbeats are missing.
    var doubtfulSilenceMilliseconds: UInt64 { 2 * heartbeatIntervalMilliseconds + confirmationMilliseconds }
}
