package import Core

/// What a worker tells the coordinator.
package enum WorkerMessage: Sendable, Equatable {
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
package struct Hello: Sendable, Equatable {
    /// Unique among the workers of a run.
    package var name: String
    package var host: String
    package var processIdentifier: Int32
    /// The program's release, for messages only.
    package var build: String
    /// Workers whose arithmetic differs would not give the same bits.
    package var arithmeticVersion: UInt32
    package var instructionSet: String
    /// Data sets that it can read by itself.
    package var dataDigests: [SHA256Digest]
    /// The experiment it insists on, if it was started with one.
    package var experimentDigest: SHA256Digest?
    package var inboxAddress: String
    package var threadCount: UInt32
    /// What a worker that was welcomed before holds; nil for a new one.
    package var attachment: Attachment?

    package init(
        name: String, host: String, processIdentifier: Int32, build: String, arithmeticVersion: UInt32,
        instructionSet: String, dataDigests: [SHA256Digest], experimentDigest: SHA256Digest? = nil,
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
package struct Attachment: Sendable, Equatable {
    package var job: JobIdentifier
    /// The highest generation that it has heard of.
    package var generation: UInt64
    /// Whether it holds a state of the run.
    package var holdsState: Bool

    package init(job: JobIdentifier, generation: UInt64, holdsState: Bool) {
        self.job = job
        self.generation = generation
        self.holdsState = holdsState
    }
}

/// A heartbeat with progress.
package struct Progress: Sendable, Equatable {
    package var generation: UInt64
    package var completedSteps: UInt64
    package var phase: WorkerPhase
    /// Rises whenever something got done, also inside a step.
    package var counter: UInt64
    /// Nanoseconds that it computes for a micro-batch, without waiting for others; 0 when not known.
    package var microBatchNanoseconds: UInt64
    /// What the epoch looks like so far.
    package var measures: RunningMeasures?

    package init(
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
package struct RunningMeasures: Sendable, Equatable {
    /// The running epoch, from 1.
    package var epoch: UInt32
    package var loss: Double
    package var accuracy: Double
    package var samplesPerSecond: Double

    package init(epoch: UInt32, loss: Double, accuracy: Double, samplesPerSecond: Double) {
        self.epoch = epoch
        self.loss = loss
        self.accuracy = accuracy
        self.samplesPerSecond = samplesPerSecond
    }
}

/// Digests of consecutive steps' reduced gradients, from rank 0.
package struct StepDigests: Sendable, Equatable {
    package var generation: UInt64
    /// The first digest belongs to this step, from 0.
    package var firstStep: UInt64
    package var digests: [UInt64]

    package init(generation: UInt64, firstStep: UInt64, digests: [UInt64]) {
        self.generation = generation
        self.firstStep = firstStep
        self.digests = digests
    }
}

/// Asks for chunks of data or state.
package struct ContentRequest: Sendable, Equatable {
    package var content: ContentIdentifier
    package var firstChunk: UInt32
    package var chunkCount: UInt32

    package init(content: ContentIdentifier, firstChunk: UInt32, chunkCount: UInt32) {
        self.content = content
        self.firstChunk = firstChunk
        self.chunkCount = chunkCount
    }
}

/// Experiment, data and state are there, and nothing runs: the answer to WELCOME (generation 0) or to a regroup.
package struct Ready: Sendable, Equatable {
    package var generation: UInt64
    package var position: Position
    package var stateDigest: SHA256Digest

    package init(generation: UInt64, position: Position, stateDigest: SHA256Digest) {
        self.generation = generation
        self.position = position
        self.stateDigest = stateDigest
    }
}

/// The links of a view stand, and the state is the one from which it starts.
package struct Linked: Sendable, Equatable {
    package var generation: UInt64
    package var stateDigest: SHA256Digest

    package init(generation: UInt64, stateDigest: SHA256Digest) {
        self.generation = generation
        self.stateDigest = stateDigest
    }
}

/// A finished epoch, as every worker derived it. The same in every generation.
package struct EpochEnded: Sendable, Equatable {
    /// From 1.
    package var epoch: UInt32
    package var completedSteps: UInt64
    /// The epoch's row for metrics.jsonl, opaque to the coordinator.
    package var row: [UInt8]
    /// Nil for an epoch that was read from a state: its end is past.
    package var stateDigest: SHA256Digest?
    package var bestImproved: Bool

    package init(
        epoch: UInt32, completedSteps: UInt64, row: [UInt8], stateDigest: SHA256Digest?, bestImproved: Bool
    ) {
        self.epoch = epoch
        self.completedSteps = completedSteps
        self.row = row
        self.stateDigest = stateDigest
        self.bestImproved = bestImproved
    }
}

/// A piece of a serialized state on its way to the coordinator.
package struct StateChunk: Sendable, Equatable {
    package var name: StateName
    package var offset: UInt64
    package var totalByteCount: UInt64
    /// CRC-32C of `bytes`.
    package var checksum: UInt32
    package var bytes: [UInt8]

    package init(name: StateName, offset: UInt64, totalByteCount: UInt64, checksum: UInt32, bytes: [UInt8]) {
        self.name = name
        self.offset = offset
        self.totalByteCount = totalByteCount
        self.checksum = checksum
        self.bytes = bytes
    }
}

/// Training is over for this worker: all steps done, or the stop boundary reached.
package struct Done: Sendable, Equatable {
    package var generation: UInt64
    package var completedSteps: UInt64
    package var stateDigest: SHA256Digest
    /// False when it ended at a stop boundary with epochs left.
    package var isComplete: Bool

    package init(generation: UInt64, completedSteps: UInt64, stateDigest: SHA256Digest, isComplete: Bool) {
        self.generation = generation
        self.completedSteps = completedSteps
        self.stateDigest = stateDigest
        self.isComplete = isComplete
    }
}
