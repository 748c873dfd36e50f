import Core

/// What went wrong in a worker that can still send.
package struct WorkerFailure: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// A loss, gradient or parameter is not finite; nothing of that step was applied.
        case nonFinite(step: UInt64, microBatch: UInt32?, what: String)
        /// The link to a peer of the current view broke.
        case peerLost(rank: Int)
        /// Two workers computed the gradient of the same micro-batches and differ; nothing of that step was applied.
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

extension WorkerFailure {
    /// Whether the worker failed by an error of its own, which may repeat in the same step.
    var isOwnTrap: Bool { kind == .internal || kind == .arithmetic }

    /// Whether an exchange with peers failed: the worker itself can go on in another view.
    var isOfExchange: Bool {
        switch kind {
        case .peerLost, .auditMismatch: true
        case .nonFinite, .data, .arithmetic, .experiment, .internal: false
        }
    }

    /// Whether the experiment or its data are at fault, which every worker receives.
    var failsEveryWorker: Bool { kind == .data || kind == .experiment }
}

extension WorkerFailure: CustomStringConvertible {
    package var description: String {
        switch kind {
        case .nonFinite(let step, let microBatch, let what):
            "\(what) is not finite at step \(step)" + (microBatch.map { ", micro-batch \($0)" } ?? "")
                + (message.isEmpty ? "" : " (\(message))")
        case .peerLost(let rank): "lost its link to rank \(rank): \(message)"
        case .auditMismatch(let mismatch):
            "rank \(mismatch.auditor) computed another gradient for rank \(mismatch.owner) at step "
                + "\(mismatch.completedSteps + 1)"
        case .data, .arithmetic, .experiment, .internal: message
        }
    }
}

extension WorkerFailure: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.value(kind)
        writer.line(message, limit: WireLimits.textByteCount)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        kind = try reader.value(Kind.self)
        message = try reader.line("message", limit: WireLimits.textByteCount)
    }
}

extension WorkerFailure.Kind: WireValue {
    func encode(into writer: inout MessageWriter) {
        switch self {
        case .nonFinite(let step, let microBatch, let what):
            writer.integer(UInt8(0))
            writer.integer(step)
            writer.boolean(microBatch != nil)
            writer.integer(microBatch ?? 0)
            writer.line(what, limit: WireLimits.nameByteCount)
        case .peerLost(let rank):
            writer.integer(UInt8(1))
            writer.integer(UInt32(rank))
        case .data: writer.integer(UInt8(2))
        case .arithmetic: writer.integer(UInt8(3))
        case .experiment: writer.integer(UInt8(4))
        case .internal: writer.integer(UInt8(5))
        case .auditMismatch(let mismatch):
            writer.integer(UInt8(6))
            writer.value(mismatch)
        }
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        switch try reader.integer(UInt8.self, "failure") {
        case 0:
            let step = try reader.number("step")
            let isKnown = try reader.boolean("micro-batch")
            let microBatch = try reader.integer(UInt32.self, "micro-batch")
            guard isKnown || microBatch == 0 else { throw .invalid(field: "micro-batch") }
            let what = try reader.line("what", limit: WireLimits.nameByteCount)
            self = .nonFinite(step: step, microBatch: isKnown ? microBatch : nil, what: what)
        case 1: self = .peerLost(rank: Int(try reader.integer(UInt32.self, "rank")))
        case 2: self = .data
        case 3: self = .arithmetic
        case 4: self = .experiment
        case 5: self = .internal
        case 6: self = .auditMismatch(try reader.value(AuditMismatch.self))
        default: throw .invalid(field: "failure")
        }
    }
}

/// Two workers computed different gradients for the same micro-batches. Ranks have 32 bits; digests are CRC-32C values
/// of gradients, with room for longer ones.
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

extension AuditMismatch: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(completedSteps)
        writer.integer(UInt32(owner))
        writer.integer(UInt32(auditor))
        writer.integer(ownerDigest)
        writer.integer(auditorDigest)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        completedSteps = try reader.number("completed steps")
        owner = Int(try reader.integer(UInt32.self, "owner"))
        auditor = Int(try reader.integer(UInt32.self, "auditor"))
        ownerDigest = try reader.integer(UInt64.self, "owner's digest")
        auditorDigest = try reader.integer(UInt64.self, "auditor's digest")
    }
}
