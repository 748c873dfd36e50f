package import Core

/// One worker's place in a view. A view has at most ``WireLimits/workerCount`` members and far fewer than 2^32
/// micro-batches, so 32 bits are enough for ranks and micro-batches.
package struct Member: Hashable, Sendable {
    /// Place among the members, from 0; equal to its index in the view. Owners come first, then learners.
    package var rank: Int
    package var workerIdentifier: UInt32
    package var name: String
    package var host: String
    /// Equal for members on one host; below the number of members.
    package var hostNumber: Int
    package var processIdentifier: Int32
    /// Where its peers reach it.
    package var inboxAddress: String
    /// The key of its inbox and of all frames that it sends; nil without keys.
    package var inboxKey: PublicKey?
    /// What it owns; empty for a learner, which receives every sum and contributes to none.
    package var microBatches: Range<Int>
    /// Whether it receives the view's first state from the holder.
    package var needsState: Bool

    package init(
        rank: Int, workerIdentifier: UInt32, name: String, host: String, hostNumber: Int = 0,
        processIdentifier: Int32, inboxAddress: String, inboxKey: PublicKey? = nil, microBatches: Range<Int>,
        needsState: Bool = false
    ) {
        self.rank = rank
        self.workerIdentifier = workerIdentifier
        self.name = name
        self.host = host
        self.hostNumber = hostNumber
        self.processIdentifier = processIdentifier
        self.inboxAddress = inboxAddress
        self.inboxKey = inboxKey
        self.microBatches = microBatches
        self.needsState = needsState
    }

    package var isLearner: Bool { microBatches.isEmpty }
}

extension Member: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(UInt32(rank))
        writer.integer(workerIdentifier)
        writer.line(name, limit: WireLimits.nameByteCount)
        writer.line(host, limit: WireLimits.nameByteCount)
        writer.integer(UInt32(hostNumber))
        writer.integer(processIdentifier)
        writer.line(inboxAddress, limit: WireLimits.nameByteCount)
        writer.optional(inboxKey)
        writer.integer(UInt32(microBatches.lowerBound))
        writer.integer(UInt32(microBatches.count))
        writer.boolean(needsState)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        rank = Int(try reader.integer(UInt32.self, "rank"))
        workerIdentifier = try reader.integer(UInt32.self, "worker")
        name = try reader.line("name", limit: WireLimits.nameByteCount)
        host = try reader.line("host", limit: WireLimits.nameByteCount)
        hostNumber = Int(try reader.integer(UInt32.self, "host number"))
        processIdentifier = try reader.integer(Int32.self, "process")
        inboxAddress = try reader.line("inbox address", limit: WireLimits.nameByteCount)
        inboxKey = try reader.optional(PublicKey.self, "inbox key")
        let first = Int(try reader.integer(UInt32.self, "first micro-batch"))
        microBatches = first..<first + Int(try reader.integer(UInt32.self, "micro-batches"))
        needsState = try reader.boolean("needs state")
    }
}

/// A generation of the membership: who computes what, starting from which state.
package struct View: Hashable, Sendable {
    /// Rises with every change of membership; 0 is before the first view.
    package var generation: UInt64
    /// Position of the state from which the view starts.
    package var position: Position
    /// Rank of an owner that has that state, and sends it to members that need it.
    package var holder: Int
    /// By rank. Their micro-batches follow one another and cover all of them; learners at the end have none.
    package var members: [Member]

    package init(generation: UInt64, position: Position, holder: Int, members: [Member]) {
        self.generation = generation
        self.position = position
        self.holder = holder
        self.members = members
    }

    /// Members that own micro-batches.
    package var ownerCount: Int { members.count { !$0.isLearner } }
}

extension View: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.value(position)
        writer.integer(UInt32(holder))
        writer.list(members, limit: WireLimits.workerCount)
    }

    /// Throws for ranks out of order, for micro-batches with gaps or overlaps, for host numbers beyond the members, and
    /// for a holder without the state.
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
            guard member.rank == rank, members.indices.contains(member.hostNumber),
                member.microBatches.lowerBound == nextMicroBatch,
                rank == 0 ? !member.isLearner : (member.isLearner || !members[rank - 1].isLearner)
            else { throw .invalid(field: "members") }
            nextMicroBatch += member.microBatches.count
        }
    }
}
