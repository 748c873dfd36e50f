/// What the driver of an `AllReduceMachine` does next. Actions are carried out in the order in which they are returned.
package enum AllReduceAction: Sendable, Hashable {
    /// Send elements of one of this worker's roots.
    case sendContribution(bucket: Int, elements: Range<Int>, rootIndex: Int, node: Int, destination: Destination)
    /// Send the sums of a chunk that was combined or copied before to the chunk's receivers: a gathered root as a
    /// contribution, all others as results.
    case sendSums(chunk: Int)
    /// Send the statistics of this worker's micro-batches to the layout's `statisticsReceivers`.
    case sendStatistics
    /// Send the statistics of an owner of another group, which were taken before, to the layout's `relayReceivers`.
    case relayStatistics(owner: Int)
    /// Add the operands of a chunk by the chunk's schedule. If all were intact, release the frames in its slots and
    /// report `chunkSummed`; else release the damaged ones and report `frameDamaged` for each.
    case combine(chunk: Int)
    /// Copy the finished sums in the chunk's only slot to their place and release the frame; then report `chunkSummed`
    /// or `frameDamaged`.
    case copyResult(chunk: Int)
    /// Take the statistics of another owner out of a slot and release the frame; then report `statisticsTaken` or
    /// `statisticsDamaged`.
    case takeStatistics(slot: Int, owner: Int)
    /// Request a missing frame from a rank, unless its link is full.
    case request(FrameRequest)
    /// Every element of this bucket has its sum.
    case bucketDone(bucket: Int)
    /// All buckets and statistics are complete.
    case stepDone

    /// The receivers of a frame.
    package enum Destination: Sendable, Hashable {
        case rank(Int)
        case ranks([Int])

        func contains(_ rank: Int) -> Bool {
            switch self {
            case .rank(let only): only == rank
            case .ranks(let ranks): ranks.contains(rank)
            }
        }

        /// All receivers.
        package var ranks: [Int] {
            switch self {
            case .rank(let rank): [rank]
            case .ranks(let ranks): ranks
            }
        }
    }
}

/// What to do with a frame that arrived.
package enum FrameVerdict: Sendable, Hashable {
    /// Keep the frame in this slot; an action names the slot when the frame is needed.
    case keep(slot: Int)
    /// The frame belongs to a later step or generation: hold it and offer it again after the next `begin`.
    case early
    /// Drop the frame: a duplicate, or of an earlier step, an earlier generation or another job.
    case drop
    /// Send a frame once more, unless the link is full.
    case answer(FrameAnswer)
    /// A request about a step that this machine does not have. Another machine of this worker may have it.
    case elsewhere
    /// The sender breaks the protocol; the step cannot be finished.
    case refuse(PeerFault)
}

/// A fault in what a rank sent.
package struct PeerFault: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Reason: Sendable, Hashable {
        /// The payload's length differs from the announced one, once too often.
        case wrongPayloadLength(kind: FrameKind, elementCount: Int)
        /// No frame with this place and length belongs to the plan.
        case unplannedFrame(kind: FrameKind, bucket: Int, elementOffset: Int, elementCount: Int, node: Int)
        /// The payload's checksum is wrong, once too often.
        case damagedPayload(bucket: Int)
    }

    package var rank: Int
    package var reason: Reason

    package init(rank: Int, reason: Reason) {
        self.rank = rank
        self.reason = reason
    }

    package var description: String {
        switch reason {
        case .wrongPayloadLength(let kind, let count):
            "rank \(rank) sent a frame (\(kind)) that does not have the \(count) elements that it announces"
        case .unplannedFrame(let kind, let bucket, let offset, let count, let node):
            "rank \(rank) sent an unplanned frame (\(kind), bucket \(bucket), elements \(offset) + \(count), node "
                + "\(node)): run the same build everywhere"
        case .damagedPayload(let bucket): "a frame of bucket \(bucket) from rank \(rank) was damaged on the way"
        }
    }
}

/// A request for a missing frame.
package struct FrameRequest: Sendable, Hashable {
    /// The rank that should have sent it.
    package var rank: Int
    package var kind: FrameKind
    /// The bucket; 0 for statistics.
    package var bucket: Int
    /// The elements, counted from the start of the bucket.
    package var elements: Range<Int>
    /// The tree node of a contribution, or the owner of relayed statistics; else 0.
    package var node: Int
}

/// A frame to send once more because another worker requested it.
package struct FrameAnswer: Sendable, Hashable {
    /// The requesting rank.
    package var rank: Int
    /// Whether the frame belongs to the step before the one that started last.
    package var isOfPreviousStep: Bool
    package var step: UInt64
    package var kind: FrameKind
    /// The bucket; 0 for statistics.
    package var bucket: Int
    /// The elements, counted from the start of the bucket.
    package var elements: Range<Int>
    /// The vector of a contribution, else 0.
    package var rootIndex: Int
    /// The tree node of a contribution, or the owner of relayed statistics; else 0.
    package var node: Int
}

/// The frame that a step waits for: what an error at the deadline names.
package struct MissingFrame: Sendable, Hashable {
    package var rank: Int
    package var kind: FrameKind
    /// The bucket; 0 for statistics.
    package var bucket: Int

    package init(rank: Int, kind: FrameKind, bucket: Int) {
        self.rank = rank
        self.kind = kind
        self.bucket = bucket
    }
}
