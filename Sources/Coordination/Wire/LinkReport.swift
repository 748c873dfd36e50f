/// What a worker's connections to other members of its view carried in about a second.
package struct LinkReport: Sendable, Equatable {
    /// Of the view whose ranks the links name.
    package var generation: UInt64
    /// Those that carried something, the busiest first: at most ``WireLimits/reportedLinkCount``.
    package var links: [Link]

    package init(generation: UInt64, links: [Link]) {
        self.generation = generation
        self.links = links
    }

    /// The way to one member. 32 bits are enough for a rank.
    package struct Link: Sendable, Equatable {
        package var rank: Int
        package var use: LinkUse

        package init(rank: Int, use: LinkUse) {
            self.rank = rank
            self.use = use
        }
    }
}

extension LinkReport: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.list(links, limit: WireLimits.reportedLinkCount)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        links = try reader.list(Link.self, "links", limit: WireLimits.reportedLinkCount)
    }
}

extension LinkReport.Link: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(UInt32(rank))
        writer.value(use)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        rank = Int(try reader.integer(UInt32.self, "rank"))
        use = try reader.value(LinkUse.self)
    }
}

/// What a connection carried in one direction meanwhile, as the sender's kernel counts it.
///
/// A report covers about a second, so 32 bits are enough for all but bytes.
package struct LinkUse: Sendable, Equatable {
    /// What the figures cover; never 0.
    package let milliseconds: UInt32
    /// Segments with data, repetitions among them.
    package let sentSegmentCount: UInt32
    /// Segments that were sent once more because the first was lost.
    package let lostSegmentCount: UInt32
    package let acknowledgedByteCount: UInt64
    /// Time in which data were on their way, without the time in which the receiver had no room for them.
    package let busyMicroseconds: UInt32
    /// Smoothed.
    package let roundTripMicroseconds: UInt32

    /// Numbers beyond their bounds are cut to them.
    package init(
        milliseconds: UInt64, sentSegmentCount: Int, lostSegmentCount: Int, acknowledgedByteCount: Int,
        busyMicroseconds: Int, roundTripMicroseconds: Int
    ) {
        let time = UInt32(clamping: max(1, milliseconds))
        self.milliseconds = time
        self.sentSegmentCount = UInt32(clamping: sentSegmentCount)
        self.lostSegmentCount = UInt32(clamping: min(lostSegmentCount, sentSegmentCount))
        self.acknowledgedByteCount = min(UInt64(clamping: acknowledgedByteCount), WireLimits.largestNumber)
        self.busyMicroseconds = UInt32(clamping: min(UInt64(clamping: busyMicroseconds), UInt64(time) * 1000))
        self.roundTripMicroseconds = UInt32(clamping: roundTripMicroseconds)
    }
}

extension LinkUse: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(milliseconds)
        writer.integer(sentSegmentCount)
        writer.integer(lostSegmentCount)
        writer.integer(acknowledgedByteCount)
        writer.integer(busyMicroseconds)
        writer.integer(roundTripMicroseconds)
    }

    /// Throws for more losses than segments, and for more busy time than time.
    init(from reader: inout MessageReader) throws(MessageError) {
        milliseconds = try reader.integer(UInt32.self, "time")
        sentSegmentCount = try reader.integer(UInt32.self, "segments")
        lostSegmentCount = try reader.integer(UInt32.self, "lost segments")
        acknowledgedByteCount = try reader.number("acknowledged bytes")
        busyMicroseconds = try reader.integer(UInt32.self, "busy time")
        roundTripMicroseconds = try reader.integer(UInt32.self, "round trip")
        guard milliseconds > 0, lostSegmentCount <= sentSegmentCount,
            UInt64(busyMicroseconds) <= UInt64(milliseconds) * 1000
        else { throw .invalid(field: "link") }
    }
}
