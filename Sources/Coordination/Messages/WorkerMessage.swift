/// What a worker tells the coordinator.
public enum WorkerMessage: Sendable, Equatable {
    case hello(Hello)
    /// The heartbeat.
    case progress(Progress)
    case stepDigests(StepDigests)
    case contentRequest(ContentRequest)
    case ready(Ready)
    case linked(Linked)
    case epochEnded(EpochEnded)
    case stateChunk(StateChunk)
    case failed(WorkerFailure)
    case done(Done)
    case goodbye
}

/// A worker's first words.
public struct Hello: Sendable, Equatable {
    /// Unique among the workers of a run.
    public var name: String
    public var host: String
    public var processIdentifier: Int32
    /// The program's release, for messages only.
    public var build: String
    /// Workers whose arithmetic differs would not give the same bits.
    public var arithmeticVersion: UInt32
    public var instructionSet: String
    /// Data sets that it can read by itself.
    public var dataDigests: [ContentDigest]
    /// The experiment it insists on, if it was started with one.
    public var experimentDigest: ContentDigest?
    public var inboxAddress: String
    public var threadCount: UInt32
    /// What a worker that was welcomed before holds; nil for a new one.
    public var attachment: Attachment?

    public init(
        name: String, host: String, processIdentifier: Int32, build: String, arithmeticVersion: UInt32,
        instructionSet: String, dataDigests: [ContentDigest], experimentDigest: ContentDigest? = nil,
        inboxAddress: String, threadCount: UInt32
    ) {
        self.name = name
        self.host = host
        self.processIdentifier = processIdentifier
        self.build = build
        self.arithmeticVersion = arithmeticVersion
        self.instructionSet = instructionSet
        self.dataDigests = dataDigests
        self.experimentDigest = experimentDigest
        self.inboxAddress = inboxAddress
        self.threadCount = threadCount
    }
}

/// What a worker brings along that had a coordinator before.
public struct Attachment: Sendable, Equatable {
    public var job: JobIdentifier
    /// The highest generation that it has heard of.
    public var generation: UInt64
    /// Whether it holds a state of the run.
    public var holdsState: Bool

    public init(job: JobIdentifier, generation: UInt64, holdsState: Bool) {
        self.job = job
        self.generation = generation
        self.holdsState = holdsState
    }
}

/// A heartbeat with progress.
public struct Progress: Sendable, Equatable {
    public var generation: UInt64
    public var completedSteps: UInt64
    public var phase: WorkerPhase
    /// Rises whenever something got done, also inside a step.
    public var counter: UInt64
    /// Nanoseconds that it computes for a micro-batch, without waiting for others; 0 when not known.
    public var microBatchNanoseconds: UInt64
    /// What the epoch looks like so far.
    public var measures: RunningMeasures?

    public init(
        generation: UInt64, completedSteps: UInt64, phase: WorkerPhase, counter: UInt64,
        microBatchNanoseconds: UInt64 = 0, measures: RunningMeasures? = nil
    ) {
        self.generation = generation
        self.completedSteps = completedSteps
        self.phase = phase
        self.counter = counter
        self.microBatchNanoseconds = microBatchNanoseconds
        self.measures = measures
    }
}

/// Measures of the running epoch, for display only.
public struct RunningMeasures: Sendable, Equatable {
    /// The running epoch, from 1.
    public var epoch: UInt32
    public var loss: Double
    public var accuracy: Double
    public var samplesPerSecond: Double

    public init(epoch: UInt32, loss: Double, accuracy: Double, samplesPerSecond: Double) {
        self.epoch = epoch
        self.loss = loss
        self.accuracy = accuracy
        self.samplesPerSecond = samplesPerSecond
    }
}

/// Digests of consecutive steps' reduced gradients, from rank 0.
public struct StepDigests: Sendable, Equatable {
    public var generation: UInt64
    /// The first digest belongs to this step, from 0.
    public var firstStep: UInt64
    public var digests: [UInt64]

    public init(generation: UInt64, firstStep: UInt64, digests: [UInt64]) {
        self.generation = generation
        self.firstStep = firstStep
        self.digests = digests
    }
}

/// Asks for chunks of data or state.
public struct ContentRequest: Sendable, Equatable {
    public var content: ContentIdentifier
    public var firstChunk: UInt32
    public var chunkCount: UInt32

    public init(content: ContentIdentifier, firstChunk: UInt32, chunkCount: UInt32) {
        self.content = content
        self.firstChunk = firstChunk
        self.chunkCount = chunkCount
    }
}

/// Experiment, data and state are there, and nothing runs: the answer to WELCOME (generation 0) or to a regroup.
public struct Ready: Sendable, Equatable {
    public var generation: UInt64
    public var position: Position
    public var stateDigest: ContentDigest

    public init(generation: UInt64, position: Position, stateDigest: ContentDigest) {
        self.generation = generation
        self.position = position
        self.stateDigest = stateDigest
    }
}

/// The links of a view stand, and the state is the one from which it starts.
public struct Linked: Sendable, Equatable {
    public var generation: UInt64
    public var stateDigest: ContentDigest

    public init(generation: UInt64, stateDigest: ContentDigest) {
        self.generation = generation
        self.stateDigest = stateDigest
    }
}

/// A finished epoch, as every worker derived it. The same in every generation.
public struct EpochEnded: Sendable, Equatable {
    /// From 1.
    public var epoch: UInt32
    public var completedSteps: UInt64
    /// The epoch's row for metrics.jsonl, opaque to the coordinator.
    public var row: [UInt8]
    /// Nil for an epoch that was read from a state: its end is past.
    public var stateDigest: ContentDigest?
    public var bestImproved: Bool

    public init(
        epoch: UInt32, completedSteps: UInt64, row: [UInt8], stateDigest: ContentDigest?, bestImproved: Bool
    ) {
        self.epoch = epoch
        self.completedSteps = completedSteps
        self.row = row
        self.stateDigest = stateDigest
        self.bestImproved = bestImproved
    }
}

/// A piece of a serialized state on its way to the coordinator.
public struct StateChunk: Sendable, Equatable {
    public var name: StateName
    public var offset: UInt64
    public var totalByteCount: UInt64
    /// CRC-32C of `bytes`.
    public var checksum: UInt32
    public var bytes: [UInt8]

    public init(name: StateName, offset: UInt64, totalByteCount: UInt64, checksum: UInt32, bytes: [UInt8]) {
        self.name = name
        self.offset = offset
        self.totalByteCount = totalByteCount
        self.checksum = checksum
        self.bytes = bytes
    }
}

/// Training is over for this worker: all steps done, or the stop boundary reached.
public struct Done: Sendable, Equatable {
    public var generation: UInt64
    public var completedSteps: UInt64
    public var stateDigest: ContentDigest
    /// False when it ended at a stop boundary with epochs left.
    public var isComplete: Bool

    public init(generation: UInt64, completedSteps: UInt64, stateDigest: ContentDigest, isComplete: Bool) {
        self.generation = generation
        self.completedSteps = completedSteps
        self.stateDigest = stateDigest
        self.isComplete = isComplete
    }
}
