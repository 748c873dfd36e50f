import Collectives
import Core

/// The parameters of the all-reduce of one rank in one generation, and what follows from them alone.
struct AllReduceConfiguration: Sendable {
    var job: JobIdentifier
    var generation: UInt64
    var rank: Int
    var ownership: Ownership
    /// The elements of each bucket in the arena; they do not overlap.
    var buckets: [Range<Int>]
    /// Floats of one root and of the sum; nil for the end of the last bucket. What lies in no bucket, such as a frozen
    /// layer, stays zero.
    var elementCount: Int?
    /// Doubles exchanged for each micro-batch; 0 for none.
    var statisticsWidth: Int
    /// The first pause without useful frames before missing ones are requested; doubled with each request, up to ten
    /// times as long.
    var resendMilliseconds = 200

    /// Whether sums are read where the transport received them instead of being copied: then they are valid until the
    /// next `begin` only.
    var readsSumsInPlace = false

    /// Whether this worker's only root is the sum.
    var isSoleOwner: Bool { ownership.ownerCount == 1 && rank == 0 }

    /// Floats of one root and of the sum.
    var arenaElementCount: Int {
        let bucketEnd = buckets.map(\.upperBound).max() ?? 0
        precondition(elementCount ?? bucketEnd >= bucketEnd, "a bucket ends beyond the arena")
        return elementCount ?? bucketEnd
    }

    /// The layout of a batch; the full one when every micro-batch has a sample.
    func layout(batchSize: Int) -> AllReduceLayout {
        AllReduceLayout(
            rank: rank, ownership: ownership, batchSize: batchSize, bucketElementCounts: buckets.map(\.count),
            statisticsWidth: statisticsWidth)
    }

    /// Elements of a bucket as elements of the arena.
    func arenaRange(_ bucket: Int, _ elements: Range<Int>) -> Range<Int> {
        let begin = buckets[bucket].lowerBound
        return begin + elements.lowerBound..<begin + elements.upperBound
    }

    /// The places of an owner's statistics.
    func statistics(of owner: Int, width: Int) -> Range<Int> {
        let run = ownership.runs[owner]
        return run.lowerBound * width..<run.upperBound * width
    }

    /// The label of a frame that this rank sends.
    func label(_ kind: FrameKind, step: UInt64, bucket: Int, elements: Range<Int>, node: Int = 0) -> FrameLabel {
        FrameLabel(
            kind: kind, job: job, generation: generation, step: step, bucket: bucket,
            elementOffset: elements.lowerBound, elementCount: elements.count, sender: rank, node: node)
    }
}
