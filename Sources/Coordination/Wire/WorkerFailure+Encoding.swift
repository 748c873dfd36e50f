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
