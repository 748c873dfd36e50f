import Core

extension SHA256Digest: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.digest(self)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        self = try reader.digest("digest")
    }
}

extension ContentIdentifier: WireValue {
    func encode(into writer: inout MessageWriter) {
        switch self {
        case .data(let digest):
            writer.integer(UInt8(0))
            writer.digest(digest)
        case .state(let digest):
            writer.integer(UInt8(1))
            writer.digest(digest)
        }
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        let kind = try reader.integer(UInt8.self, "content")
        let digest = try reader.digest("content")
        switch kind {
        case 0: self = .data(digest)
        case 1: self = .state(digest)
        default: throw .invalid(field: "content")
        }
    }
}

extension ContentDescription: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(identifier)
        writer.integer(byteCount)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        identifier = try reader.value(ContentIdentifier.self)
        byteCount = try reader.integer(UInt64.self, "content size")
        guard byteCount <= WireLimits.contentByteCount else { throw .tooLong(field: "content size") }
    }
}

extension StatePurpose: WireValue {}
extension WorkerPhase: WireValue {}
extension Refusal.Kind: WireValue {}

extension StateName: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(purpose)
        writer.integer(completedSteps)
        writer.integer(completedEpochs)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        purpose = try reader.value(StatePurpose.self)
        completedSteps = try reader.number("completed steps")
        completedEpochs = try reader.integer(UInt32.self, "completed epochs")
    }
}

extension Position: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(rounds)
        writer.integer(completedSteps)
        writer.integer(completedEpochs)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        rounds = try reader.number("completed rounds")
        completedSteps = try reader.number("completed steps")
        completedEpochs = try reader.integer(UInt32.self, "completed epochs")
        // What is granted beyond it has to fit a message too.
        guard max(rounds, completedSteps) <= WireLimits.largestNumber / 2 else { throw .invalid(field: "position") }
    }
}

extension JobIdentifier: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(high)
        writer.integer(low)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        let high = try reader.integer(UInt64.self, "job")
        self.init(high: high, low: try reader.integer(UInt64.self, "job"))
    }
}

extension Member: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(UInt32(rank))
        writer.integer(workerIdentifier)
        writer.line(name, limit: WireLimits.nameByteCount)
        writer.line(host, limit: WireLimits.nameByteCount)
        writer.integer(processIdentifier)
        writer.line(inboxAddress, limit: WireLimits.nameByteCount)
        writer.integer(UInt32(microBatches.lowerBound))
        writer.integer(UInt32(microBatches.count))
        writer.boolean(needsState)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        rank = Int(try reader.integer(UInt32.self, "rank"))
        workerIdentifier = try reader.integer(UInt32.self, "worker")
        name = try reader.line("name", limit: WireLimits.nameByteCount)
        host = try reader.line("host", limit: WireLimits.nameByteCount)
        processIdentifier = try reader.integer(Int32.self, "process")
        inboxAddress = try reader.line("inbox address", limit: WireLimits.nameByteCount)
        let first = Int(try reader.integer(UInt32.self, "first micro-batch"))
        microBatches = first..<first + Int(try reader.integer(UInt32.self, "micro-batches"))
        needsState = try reader.boolean("needs state")
    }
}

extension View: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.value(position)
        writer.integer(UInt32(holder))
        writer.list(members, limit: WireLimits.workerCount)
    }

    /// Refuses a view whose ranks are not in order, whose micro-batches have gaps or overlaps, or whose holder has no state.
    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        position = try reader.value(Position.self)
        holder = Int(try reader.integer(UInt32.self, "holder"))
        members = try reader.list(Member.self, "members", limit: WireLimits.workerCount)
        guard generation > 0, members.indices.contains(holder), !members[holder].needsState else {
            throw .invalid(field: "members")
        }
        var nextMicroBatch = 0
        for (rank, member) in members.enumerated() {
            guard member.rank == rank, member.microBatches.lowerBound == nextMicroBatch,
                rank == 0 ? !member.isLearner : (member.isLearner || !members[rank - 1].isLearner)
            else { throw .invalid(field: "members") }
            nextMicroBatch += member.microBatches.count
        }
    }
}
