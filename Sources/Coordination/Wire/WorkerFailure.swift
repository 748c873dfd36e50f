import Core

/// What went wrong in a worker that can still speak.
package struct WorkerFailure: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// A loss, gradient or parameter is not finite; nothing of that step was applied.
        case nonFinite(step: UInt64, microBatch: UInt32?, what: String)
        /// The link to a peer of the current view broke.
        case peerLost(rank: Int)
        /// Two workers computed the same gradient and differ; nothing of that step was applied.
        case auditMismatch(AuditMismatch)
        /// The data cannot be read or is not what the experiment needs.
        case data
        /// Rounding mode, instruction set or self-check differ from what the arithmetic needs.
        case arithmetic
        /// The experiment cannot be used.
        case experiment
        case `internal`
    }

    package var generation: UInt64
    package var kind: Kind
    package var message: String

    package init(generation: UInt64, kind: Kind, message: String) {
        self.generation = generation
        self.kind = kind
        self.message = message
    }

    /// The exit code of a run that ends with it.
    package var exitCode: Int32 {
        switch kind {
        case .nonFinite, .data: ProcessExitCode.badData
        case .experiment: ProcessExitCode.usage
        case .peerLost: ProcessExitCode.requeue
        case .auditMismatch, .arithmetic, .internal: ProcessExitCode.internalError
        }
    }
}

/// A worker's gradient and what another worker computed for the same micro-batches.
package struct AuditMismatch: Sendable, Equatable {
    /// Steps that are complete before it.
    package var completedSteps: UInt64
    /// Rank of the worker whose gradient it is, and of the one that computed it again.
    package var owner: Int
    package var auditor: Int
    package var ownerDigest: UInt64
    package var auditorDigest: UInt64

    package init(completedSteps: UInt64, owner: Int, auditor: Int, ownerDigest: UInt64, auditorDigest: UInt64) {
        self.completedSteps = completedSteps
        self.owner = owner
        self.auditor = auditor
        self.ownerDigest = ownerDigest
        self.auditorDigest = auditorDigest
    }
}
