package import Core

/// What the coordinator's driver does next, in the order given.
package enum CoordinatorAction: Sendable, Equatable {
    case send(CoordinatorMessage, to: ConnectionIdentifier)
    /// Send these chunks of content that the driver holds, each as a `ContentChunk`.
    case sendContent(ContentIdentifier, chunks: Range<Int>, to: ConnectionIdentifier)
    /// All workers agree on this epoch. Once for each epoch, in order.
    case recordEpoch(EpochRecord)
    /// Write a whole state; answered by `checkpointWritten` with the same identifier.
    case writeCheckpoint(CheckpointRequest)
    /// Write it into the run's journal.
    case journal(RunEvent)
    /// Compute a gradient from a state once more, to find out which of two workers is wrong; answered by
    /// `gradientReexecuted`.
    case reexecuteGradient(AuditQuestion)
    /// Find the tensors in which two serialized states differ; answered by `statesCompared`.
    case compareStates([UInt8], [UInt8])
    /// Send the `Information` that an observer asks for.
    case answer(Inquiry, to: ConnectionIdentifier)
    case log(LogEntry)
    /// Training continues after a change of membership.
    case recordRecovery(Recovery)
    /// Rank 0's progress, for a progress bar.
    case showProgress(Progress)
    /// Steps that rank 0 reports, each once, for curves.
    case showSteps(ReducedSteps)
    /// An owner's part of an epoch's validation, for a confusion matrix. `worker` is its identifier.
    case showValidation(ValidationCounts, worker: UInt32)
    /// Kill this child of the supervisor: it is frozen, silent or did not leave when asked to.
    case terminate(processIdentifier: Int32)
    /// The run is over; nothing follows.
    case finish(Outcome)
}

/// A finished epoch, agreed by all members.
package struct EpochRecord: Sendable, Equatable {
    /// From 1.
    package var epoch: UInt32
    package var completedSteps: UInt64
    package var row: [UInt8]
    /// Nil for an epoch that ended before its state could be digested.
    package var stateDigest: SHA256Digest?
    package var bestImproved: Bool
}

/// How long a change of membership interrupted training.
package struct Recovery: Sendable, Equatable {
    /// The generation in which training continued.
    package var generation: UInt64
    /// What happened, as in the log.
    package var cause: String
    /// When a step was last reported complete before it; nil where none was.
    package var lastStepMilliseconds: UInt64?
    /// When the coordinator noticed it.
    package var noticedMilliseconds: UInt64
    /// When the first step after it was complete.
    package var recoveredMilliseconds: UInt64
    /// Micro-batches whose gradients may have been computed twice.
    package var redoneMicroBatches: Int
}

/// The gradient of some micro-batches in the step after a serialized state.
package struct AuditQuestion: Sendable, Equatable {
    /// Generation of the view in which two workers disagreed; the answer names it.
    package var generation: UInt64
    package var completedSteps: UInt64
    package var microBatches: Range<Int>
    package var state: [UInt8]
}

/// A serialized state and its destinations.
package struct CheckpointRequest: Sendable, Equatable {
    package enum Destination: Sendable, Equatable {
        /// `last`; the present one becomes `previous` first.
        case last
        case best
        case epoch(UInt32)
        /// Beside `last`, never over it: the state before a value was not finite.
        case diverged
    }

    package var identifier: UInt64
    package var name: StateName
    package var destinations: [Destination]
    package var bytes: [UInt8]
}

/// An entry of the run's journal.
package enum RunEvent: Sendable, Equatable {
    case view(View)
    case stepDigests(firstStep: UInt64, digests: [UInt64])
    case epoch(UInt32, completedSteps: UInt64, stateDigest: SHA256Digest?)
    case checkpoint(completedSteps: UInt64)
    case stopping(stepLimit: UInt64)
    case ended(Outcome)
}

/// A line of the log.
package struct LogEntry: Sendable, Equatable {
    package enum Level: Sendable, Equatable {
        case detail
        case notice
        case warning
        case failure
    }

    package var level: Level
    package var text: String

    package init(level: Level, text: String) {
        self.level = level
        self.text = text
    }
}

/// The routing identifier by which the coordinator's socket names a worker's connection, with the key that was admitted
/// on it.
package struct ConnectionIdentifier: Hashable, Sendable {
    package var bytes: [UInt8]
    /// Nil for a coordinator without keys.
    package var key: PublicKey?

    package init(_ bytes: [UInt8], key: PublicKey? = nil) {
        self.bytes = bytes
        self.key = key
    }
}
