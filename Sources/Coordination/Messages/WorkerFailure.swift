/// What went wrong in a worker that can still speak.
public struct WorkerFailure: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
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

    public var generation: UInt64
    public var kind: Kind
    public var message: String

    public init(generation: UInt64, kind: Kind, message: String) {
        self.generation = generation
        self.kind = kind
        self.message = message
    }

    /// The exit code of a run that ends with it.
    public var exitCode: Int32 {
        switch kind {
        case .nonFinite, .data: ExitCode.badData
        case .experiment: ExitCode.usage
        case .peerLost: ExitCode.requeue
        case .auditMismatch, .arithmetic, .internal: ExitCode.internalError
        }
    }
}

/// A worker's gradient and what another worker computed for the same micro-batches.
public struct AuditMismatch: Sendable, Equatable {
    /// Steps that are complete before it.
    public var completedSteps: UInt64
    /// Rank of the worker whose gradient it is, and of the one that computed it again.
    public var owner: Int
    public var auditor: Int
    public var ownerDigest: UInt64
    public var auditorDigest: UInt64

    public init(completedSteps: UInt64, owner: Int, auditor: Int, ownerDigest: UInt64, auditorDigest: UInt64) {
        self.completedSteps = completedSteps
        self.owner = owner
        self.auditor = auditor
        self.ownerDigest = ownerDigest
        self.auditorDigest = auditorDigest
    }
}
