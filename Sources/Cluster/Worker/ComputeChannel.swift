import Coordination
import Core
import Faults
import Synchronization
import Transport

/// What connects a worker's control thread and its compute thread.
final class ComputeChannel: Sendable {
    let commands: Mailbox<ComputeCommand>
    let reports: Mailbox<ComputeReport>
    let board = ProgressBoard()
    /// Signalled by the control thread to end a blocked exchange at once.
    let interrupt: InterruptEvent
    /// What is to go wrong in this process; nil unless somebody asked for that.
    let faults: FaultInjector?

    init(faults: FaultInjector? = nil) throws(TransportError) {
        self.faults = faults
        commands = try Mailbox()
        reports = try Mailbox()
        interrupt = try InterruptEvent()
    }
}

/// Where the compute thread notes its progress and the control thread reads it, without waking each other.
final class ProgressBoard: Sendable {
    struct Note: Sendable {
        var completedSteps: UInt64 = 0
        var phase = WorkerPhase.learning
        /// Rises with every note.
        var counter: UInt64 = 0
        /// Computing for one micro-batch, without waiting for others; 0 when not known.
        var microBatchNanoseconds: UInt64 = 0
        var measures: RunningMeasures?
    }

    private struct Content {
        var note = Note()
        var firstDigestStep: UInt64 = 0
        var stepDigests: [UInt64] = []
    }

    private let content = Mutex(Content())

    func note(phase: WorkerPhase) {
        content.withLock {
            $0.note.phase = phase
            $0.note.counter += 1
        }
    }

    func note(completedSteps: UInt64, measures: RunningMeasures?) {
        content.withLock {
            $0.note.completedSteps = completedSteps
            $0.note.measures = measures
            $0.note.counter += 1
        }
    }

    func note(phase: WorkerPhase, microBatchNanoseconds: UInt64) {
        content.withLock {
            $0.note.phase = phase
            $0.note.counter += 1
            $0.note.microBatchNanoseconds = microBatchNanoseconds
        }
    }

    /// Keeps the digest of the reduced gradient of `step` until it is read.
    func note(step: UInt64, gradientDigest: UInt64) {
        content.withLock {
            if $0.stepDigests.isEmpty { $0.firstDigestStep = step }
            $0.stepDigests.append(gradientDigest)
        }
    }

    var current: Note { content.withLock { $0.note } }

    /// The digests noted since the last call, and the step of the first.
    func takeStepDigests() -> (firstStep: UInt64, digests: [UInt64]) {
        content.withLock {
            let taken = ($0.firstDigestStep, $0.stepDigests)
            $0.stepDigests.removeAll(keepingCapacity: true)
            return taken
        }
    }
}

/// What the control thread asks of the compute thread, in order.
enum ComputeCommand: Sendable {
    case loadExperiment(Welcome)
    case expectContent(ContentDescription)
    case storeContent(ContentIdentifier, offset: Int, bytes: [UInt8])
    case prepare
    /// End what runs, and tell how far the state is.
    case regroup
    case enterView(View)
    case extendGrant(stepLimit: UInt64)
    case stopAt(stepLimit: UInt64)
    case serializeState(StatePurpose)
    /// Save the state in the worker's own folder.
    case saveState
    case leave
}

/// What the compute thread tells the control thread.
enum ComputeReport: Sendable {
    case experimentLoaded(missing: [SHA256Digest])
    case prepared(Position, stateDigest: SHA256Digest)
    case regrouped(Position, stateDigest: SHA256Digest)
    case linked(generation: UInt64, stateDigest: SHA256Digest)
    case epochEnded(EpochEnded)
    case stateSerialized(StateName, bytes: [UInt8])
    case finished(completedSteps: UInt64, stateDigest: SHA256Digest, isComplete: Bool)
    case stateSaved(path: String?)
    case failed(WorkerFailure.Kind, message: String)
}
