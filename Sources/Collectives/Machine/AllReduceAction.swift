/// What the driver of an `AllReduceMachine` does next. Actions are carried out in the order in which they are given.
package enum AllReduceAction: Sendable, Hashable {
    /// Send elements of one of this worker's roots.
    case sendContribution(bucket: Int, elements: Range<Int>, rootIndex: Int, node: Int, destination: Destination)
    /// Send finished sums of a chunk that was combined before, to all other workers.
    case sendResult(chunk: Int)
    /// Send the statistics of this worker's micro-batches to all other workers.
    case sendStatistics
    /// Add the operands of a chunk by the plan's schedule. If all were intact release the frames in its slots and say
    /// `chunkSummed`; else release the damaged ones and say `frameDamaged` for each.
    case combine(chunk: Int)
    /// Copy the finished sums in the chunk's only slot to their place, and release the frame; then say `chunkSummed` or
    /// `frameDamaged`.
    case copyResult(chunk: Int)
    /// Take the statistics of another worker out of a slot, and release the frame; then say `statisticsTaken` or
    /// `statisticsDamaged`.
    case takeStatistics(slot: Int, rank: Int)
    /// Ask a rank for a frame that did not come, if its link takes the question at once.
    case request(FrameRequest)
    /// Every element of this bucket has its sum.
    case bucketDone(bucket: Int)
    /// All buckets and statistics are complete.
    case stepDone

    /// Who gets a frame.
    package enum Destination: Sendable, Hashable {
        case rank(Int)
        case everyOther
    }
}

/// What to do with a frame that arrived.
package enum FrameVerdict: Sendable, Hashable {
    /// Keep the frame in this slot; an action names the slot when it is needed.
    case keep(slot: Int)
    /// The frame belongs to a later step or generation: hold it and offer it again after the next `begin`.
    case early
    /// Drop it: it came before, or belongs to an earlier step, an earlier generation or another job.
    case drop
    /// Send a frame once more, if the link takes it at once.
    case answer(FrameAnswer)
    /// Another worker asks for a frame of a step that this machine does not know; it may have been an exchange of another
    /// machine of this worker.
    case elsewhere
    /// The sender breaks the protocol; the step cannot be finished.
    case refuse(PeerFault)
}

/// A worker sent what it must not send.
package struct PeerFault: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Reason: Sendable, Hashable {
        /// The payload's length is not what the header announces.
        case wrongPayloadLength(byteCount: Int, expectedByteCount: Int)
        /// No frame with this place and length belongs to the plan.
        case unplannedFrame(kind: FrameKind, bucket: Int, elementOffset: Int, elementCount: Int, node: Int)
        /// The payload's checksum is wrong, once too often.
        case damagedPayload(bucket: Int)
        /// More frames of later steps than the plan has.
        case tooManyEarlyFrames
    }

    package var rank: Int
    package var reason: Reason

    package init(rank: Int, reason: Reason) {
        self.rank = rank
        self.reason = reason
    }

    package var description: String {
        switch reason {
        case .wrongPayloadLength(let byteCount, let expectedByteCount):
            "rank \(rank) sent a frame of \(byteCount) bytes that announces \(expectedByteCount)"
        case .unplannedFrame(let kind, let bucket, let offset, let count, let node):
            "rank \(rank) sent an unplanned frame (\(kind), bucket \(bucket), elements \(offset) + \(count), node "
                + "\(node)): run the same build everywhere"
        case .damagedPayload(let bucket): "a frame of bucket \(bucket) from rank \(rank) was damaged on the way"
        case .tooManyEarlyFrames: "rank \(rank) sent more frames ahead of their step than the plan has"
        }
    }
}

/// A frame that did not come.
package struct FrameRequest: Sendable, Hashable {
    /// Who should have sent it.
    package var rank: Int
    package var kind: FrameKind
    /// The bucket; 0 for statistics.
    package var bucket: Int
    /// The elements, counted from the begin of the bucket.
    package var elements: Range<Int>
    /// The tree node of a contribution, else 0.
    package var node: Int
}

/// A frame that another worker asks for and that this one has sent it before.
package struct FrameAnswer: Sendable, Hashable {
    /// Who asks.
    package var rank: Int
    /// Whether it belongs to the step before the one that began last.
    package var isOfPreviousStep: Bool
    package var step: UInt64
    package var kind: FrameKind
    /// The bucket; 0 for statistics.
    package var bucket: Int
    /// The elements, counted from the begin of the bucket.
    package var elements: Range<Int>
    /// The place of a contribution's node among this worker's roots, else 0.
    package var rootIndex: Int
    /// The tree node of a contribution, else 0.
    package var node: Int
}

/// Who is waited for, and for what.
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
