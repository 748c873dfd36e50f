package import Core

/// What a coordinator is told before it starts.
package struct CoordinatorConfiguration: Sendable {
    package var job: JobIdentifier
    /// The resolved experiment in its canonical form.
    package var experiment: String
    package var experimentDigest: SHA256Digest
    package var arithmeticVersion: UInt32
    package var microBatchCount: Int
    /// Training starts with that many workers.
    package var workerCount: Int
    /// Training goes on with so few, and waits for more below that.
    package var minimumWorkerCount = 1
    /// So many may compute at the same time; more wait as spares.
    package var ownerLimit: Int
    /// Which leader of this run it is, from 1.
    package var term: UInt64 = 1
    /// The highest generation of the leaders before.
    package var lastGeneration: UInt64 = 0
    /// Why this coordinator takes over, if its predecessor's end was seen.
    package var predecessor: CoordinatorLoss?
    /// Whether micro-batches move to faster workers.
    package var rebalances = false
    /// The share of gradient roots that a second worker recomputes, in millionths.
    package var auditMillionths: UInt32 = 0
    /// Children of this host whose end or stop the driver reports.
    package var childProcessIdentifiers: [Int32] = []
    /// The host's name: workers that give the same one are local.
    package var host: String
    package var data: [ContentDescription]
    package var start: StartingPoint = .fresh
    package var checkpointEpochInterval: Int = 1
    /// Keeps a checkpoint of its own for every so many epochs; 0 keeps none.
    package var keptEpochInterval: Int = 0
    package var timing = CoordinatorTiming()

    package init(
        job: JobIdentifier, experiment: String, experimentDigest: SHA256Digest, arithmeticVersion: UInt32,
        microBatchCount: Int, workerCount: Int, host: String, data: [ContentDescription]
    ) {
        self.job = job
        self.experiment = experiment
        self.experimentDigest = experimentDigest
        self.arithmeticVersion = arithmeticVersion
        self.microBatchCount = microBatchCount
        self.workerCount = workerCount
        ownerLimit = workerCount
        self.host = host
        self.data = data
    }
}

/// The end of the coordinator before.
package struct CoordinatorLoss: Sendable, Equatable {
    package var reason: String
    /// Of the clock that all times are given in.
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
            "the data or state is beyond what can be sent to workers: \(WireLimits.contentByteCount) bytes in each of "
                + "\(WireLimits.contentCount) pieces"
        }
    }
}

extension CoordinatorConfiguration {
    func check() throws(CoordinatorConfigurationError) {
        let experimentByteCount = experiment.utf8.count
        guard experimentByteCount <= WireLimits.experimentByteCount else {
            throw .experimentTooLong(byteCount: experimentByteCount)
        }
        let most = min(microBatchCount, WireLimits.workerCount)
        guard workerCount >= 1, workerCount <= most else {
            throw .workerCount(workerCount, microBatchCount: microBatchCount)
        }
        precondition(1...workerCount ~= minimumWorkerCount, "training goes on with no more workers than it starts with")
        precondition(workerCount...most ~= ownerLimit, "at least the workers of the start may compute")
        let contents = data + (start.content.map { [$0] } ?? [])
        guard data.count <= WireLimits.contentCount,
            contents.allSatisfy({ $0.byteCount <= WireLimits.contentByteCount })
        else { throw .tooMuchContent }
    }
}
