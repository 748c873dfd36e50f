import Coordination
import Core
import Faults
import Synchronization
import Transport

/// What connects a worker's control thread and its compute thread: commands one way, reports and progress the other.
final class ComputeChannel: Sendable {
    let commands: Mailbox<ComputeCommand>
    let reports: Mailbox<ComputeReport>
    let board = ProgressBoard()
    let links = LinkMeter()
    /// Signalled by the control thread to end a blocked exchange at once.
    let interrupt: InterruptEvent
    /// Injects the planned faults of this process; nil without a plan.
    let faults: FaultInjector?

    init(faults: FaultInjector? = nil) throws(TransportError) {
        self.faults = faults
        commands = try Mailbox()
        reports = try Mailbox()
        interrupt = try InterruptEvent()
    }
}

/// Shared notes of the compute thread's progress. The control thread polls them: a note wakes no thread.
final class ProgressBoard: Sendable {
    struct Note: Sendable {
        var completedSteps: UInt64 = 0
        var phase = WorkerPhase.learning
        /// Rises with every note.
        var counter: UInt64 = 0
        /// Time to compute one micro-batch, without waits for peers; 0 when unknown.
        var microBatchNanoseconds: UInt64 = 0
        var measures: RunningMeasures?
    }

    private struct Content {
        var note = Note()
        var firstReducedStep: UInt64 = 0
        var reducedSteps: [ReducedStep] = []
        var validationCounts: ValidationCounts?
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

    /// Keeps a step whose gradients are summed until it is read.
    func note(_ reduced: ReducedStep, at step: UInt64) {
        content.withLock {
            if $0.reducedSteps.isEmpty { $0.firstReducedStep = step }
            $0.reducedSteps.append(reduced)
        }
    }

    var current: Note { content.withLock { $0.note } }

    /// The steps noted since the last call, and the number of the first.
    func takeReducedSteps() -> (firstStep: UInt64, steps: [ReducedStep]) {
        content.withLock {
            let taken = ($0.firstReducedStep, $0.reducedSteps)
            $0.reducedSteps.removeAll(keepingCapacity: true)
            return taken
        }
    }

    /// Keeps the counts of the last validation until they are read.
    func note(_ counts: ValidationCounts) {
        content.withLock { $0.validationCounts = counts }
    }

    /// Counts that were noted since the last call.
    func takeValidationCounts() -> ValidationCounts? {
        content.withLock { $0.validationCounts.take() }
    }
}
