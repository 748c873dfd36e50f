/// What a worker is doing, as its heartbeats report it.
package enum WorkerPhase: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    case learning = 0
    case linking = 1
    case waiting = 2
    case computing = 3
    case exchanging = 4
    case updating = 5
    case validating = 6
    case serializing = 7
    case finished = 8

    /// Whether its work has to make progress: in the other phases the worker waits for something.
    package var isBusy: Bool {
        switch self {
        case .computing, .exchanging, .updating, .validating, .serializing: true
        case .learning, .linking, .waiting, .finished: false
        }
    }

    package var description: String {
        switch self {
        case .learning: "loading the experiment, data and state"
        case .linking: "connecting to its peers"
        case .waiting: "waiting for a grant"
        case .computing: "computing gradients"
        case .exchanging: "exchanging gradients"
        case .updating: "updating parameters"
        case .validating: "validating"
        case .serializing: "writing its state"
        case .finished: "done"
        }
    }
}

extension WorkerPhase: WireValue {}

/// A worker's heartbeat with its progress.
///
/// 64 bits of nanoseconds reach 584 years; the counter rises a few times a step.
package struct Progress: Sendable, Equatable {
    package var generation: UInt64
    package var completedSteps: UInt64
    package var phase: WorkerPhase
    /// Rises with every piece of work, also inside a step.
    package var counter: UInt64
    /// Nanoseconds of computing for a micro-batch, without waiting for peers; 0 when not known.
    package var microBatchNanoseconds: UInt64
    /// Measures of the running epoch so far.
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

extension Progress: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.integer(completedSteps)
        writer.value(phase)
        writer.integer(counter)
        writer.integer(microBatchNanoseconds)
        writer.optional(measures)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        completedSteps = try reader.number("completed steps")
        phase = try reader.value(WorkerPhase.self)
        counter = try reader.integer(UInt64.self, "counter")
        microBatchNanoseconds = try reader.integer(UInt64.self, "time of a micro-batch")
        measures = try reader.optional(RunningMeasures.self, "measures")
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

extension RunningMeasures: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(epoch)
        writer.double(loss)
        writer.double(accuracy)
        writer.double(samplesPerSecond)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        epoch = try reader.integer(UInt32.self, "epoch")
        loss = try reader.double("loss")
        accuracy = try reader.double("accuracy")
        samplesPerSecond = try reader.double("samples per second")
    }
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

extension Grant: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.integer(stepLimit)
        writer.value(records)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        stepLimit = try reader.number("step limit")
        records = try reader.value(Records.self)
    }
}

/// What the coordinator has written to disk. 32 bits are enough for epochs.
package struct Records: Sendable, Equatable {
    /// Epochs whose rows are recorded.
    package var epochs: UInt32
    /// The last epoch whose state, where it has to be saved, is saved.
    package var savedEpochs: UInt32

    package init(epochs: UInt32, savedEpochs: UInt32) {
        self.epochs = epochs
        self.savedEpochs = savedEpochs
    }
}

extension Records: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(epochs)
        writer.integer(savedEpochs)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        epochs = try reader.integer(UInt32.self, "recorded epochs")
        savedEpochs = try reader.integer(UInt32.self, "saved epochs")
    }
}
