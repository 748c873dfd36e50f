/// The part of one rank's all-reduce that does not change from step to step: which frames it receives, the slots in which
/// they wait, and the operands of its sums.
///
/// A pure function of (rank, owners, learners, which micro-batches have samples, bucket lengths), so one layout serves all
/// batch sizes with the same occupied micro-batches.
package final class AllReduceLayout: Sendable {
    /// One value of a combination.
    package enum Operand: Sendable, Hashable {
        /// A root of this worker.
        case local(index: Int)
        /// A root received in a frame: its slot, counted from the chunk's first slot.
        case received(ordinal: Int)
    }

    /// A part of a bucket that this worker sums itself or receives summed.
    package struct Chunk: Sendable, Hashable {
        package var bucket: Int
        /// The elements, counted from the start of the bucket.
        package var elements: Range<Int>
        /// The slot of the first frame that belongs to the chunk.
        package var firstSlot: Int
        /// How many frames belong to the chunk.
        package var slotCount: Int
        /// The rank that sends the sums, or nil when this worker adds them.
        package var source: Int?
    }

    package let rank: Int
    package let ownership: Ownership
    /// Bit `i` is set when micro-batch `i` has samples.
    package let occupied: UInt64
    /// Doubles exchanged for every micro-batch; 0 when there are no statistics.
    ///
    /// Every owner sends at least one frame in every step, so that no owner is more than one step ahead of another. If an
    /// owner has no root and no statistics are requested, this is 1, and the frame only shows that its sender takes part.
    package let statisticsWidth: Int
    /// Whether statistics are exchanged only to show that owners take part.
    package let statisticsAreAttendance: Bool
    /// One plan a bucket.
    package let plans: [ReductionPlan]
    /// The sums that this worker makes alone.
    package let program: LocalProgram
    /// All chunks; those of one bucket follow one another.
    package let chunks: [Chunk]
    /// The chunks of each bucket.
    package let bucketChunks: [Range<Int>]
    /// The values to add, from left to right; the same in every bucket.
    package let operands: [Operand]
    /// The most received frames at once: those of the chunks, then one an owner for the statistics.
    package let slotCount: Int
    /// The slot of the statistics of rank 0.
    package let firstStatisticsSlot: Int
    /// The roots of other ranks, from left to right.
    let receivedRoots: [ReductionPlan.Root]
    /// For each tree node, its place among the received roots, or -1.
    let receivedOrdinals: [Int]
    /// The most actions of a step without lost or damaged frames.
    let actionCapacity: Int

    package var workerCount: Int { ownership.workerCount }

    /// Whether this rank owns nothing and only receives.
    package var isLearner: Bool { ownership.isLearner(rank) }

    /// The most frames that this rank receives in one step.
    package var frameCountReceived: Int { slotCount }

    /// - Precondition: `rank` is a rank of `ownership`; the batch has at least one sample.
    package convenience init(
        rank: Int, ownership: Ownership, batchSize: Int, bucketElementCounts: [Int], statisticsWidth: Int
    ) {
        self.init(
            rank: rank, ownership: ownership, batchSize: batchSize, bucketElementCounts: bucketElementCounts,
            statisticsWidth: statisticsWidth, safeguards: Safeguards())
    }

    init(
        rank: Int, ownership: Ownership, batchSize: Int, bucketElementCounts: [Int], statisticsWidth: Int,
        safeguards: Safeguards
    ) {
        precondition((0..<ownership.workerCount).contains(rank), "a rank lies in 0 ..< workerCount")
        self.rank = rank
        self.ownership = ownership
        occupied = MicroBatches(sampleCount: batchSize, count: ownership.microBatchCount).occupied
        let plans = bucketElementCounts.map {
            ReductionPlan(
                ownership: ownership, batchSize: batchSize, elementCount: $0, safeguards: safeguards)
        }
        self.plans = plans
        let program = ownership.localProgram(rank: rank, batchSize: batchSize)
        self.program = program
        let roots = plans.first?.roots ?? []
        statisticsAreAttendance = statisticsWidth == 0 && Self.hasOwnerWithoutRoots(roots, ownership)
        self.statisticsWidth = statisticsAreAttendance ? 1 : statisticsWidth
        (operands, receivedOrdinals) = Self.operands(roots: roots, rank: rank)
        receivedRoots = roots.filter { $0.owner != rank }
        (chunks, bucketChunks) = Self.chunks(plans: plans, rank: rank, receivedRootCount: receivedRoots.count)
        firstStatisticsSlot = chunks.reduce(0) { $0 + $1.slotCount }
        slotCount = firstStatisticsSlot + (self.statisticsWidth > 0 ? ownership.ownerCount : 0)
        let sends = plans.reduce(0) { $0 + Self.contributionCount($1, rank: rank, rootCount: program.roots.count) }
        actionCapacity = sends + 2 * chunks.count + slotCount + plans.count + 3
    }

    private static func hasOwnerWithoutRoots(_ roots: [ReductionPlan.Root], _ ownership: Ownership) -> Bool {
        guard ownership.ownerCount > 1 else { return false }
        return !(0..<ownership.ownerCount).allSatisfy { rank in roots.contains { $0.owner == rank } }
    }

    private static func operands(roots: [ReductionPlan.Root], rank: Int) -> ([Operand], [Int]) {
        var operands: [Operand] = []
        var ordinals = Array(repeating: -1, count: 2 * ReductionTree.maximumLeafCount)
        var received = 0
        for root in roots {
            if root.owner == rank {
                operands.append(.local(index: root.localIndex))
            } else {
                operands.append(.received(ordinal: received))
                ordinals[root.node] = received
                received += 1
            }
        }
        return (operands, ordinals)
    }

    private static func chunks(plans: [ReductionPlan], rank: Int, receivedRootCount: Int) -> ([Chunk], [Range<Int>]) {
        var chunks: [Chunk] = []
        var ranges: [Range<Int>] = []
        var slot = 0
        for (bucket, plan) in plans.enumerated() {
            let begin = chunks.count
            for source in 0..<plan.workerCount where source == rank || plan.algorithm == .scatterGather {
                let segment = plan.segments[source]
                let slotCount = source == rank ? receivedRootCount : 1
                for index in 0..<plan.chunkCount(of: segment) {
                    chunks.append(
                        Chunk(
                            bucket: bucket, elements: plan.chunk(index, of: segment), firstSlot: slot,
                            slotCount: slotCount, source: source == rank ? nil : source))
                    slot += slotCount
                }
            }
            ranges.append(begin..<chunks.count)
        }
        return (chunks, ranges)
    }

    private static func contributionCount(_ plan: ReductionPlan, rank: Int, rootCount: Int) -> Int {
        switch plan.algorithm {
        case .alone: 0
        case .direct: rootCount * plan.chunkCount(of: 0..<plan.elementCount)
        case .scatterGather: rootCount * plan.segments.reduce(0) { $0 + plan.chunkCount(of: $1) }
        }
    }

    /// The elements of the frame that starts at an element of a bucket and belongs to the segment of a rank, or nil when
    /// there is no such frame.
    func frameElements(bucket: Int, elementOffset: Int, segmentOf rank: Int) -> Range<Int>? {
        guard plans.indices.contains(bucket) else { return nil }
        let plan = plans[bucket]
        guard let index = chunkOffset(elementOffset, in: plan, segmentOf: rank) else { return nil }
        return plan.chunk(index, of: plan.segments[rank])
    }

    /// The chunk that starts at an element of a bucket, for a given sender of its sums (nil: this worker adds).
    func chunkIndex(bucket: Int, elementOffset: Int, source: Int?) -> Int? {
        let plan = plans[bucket]
        if source != nil && plan.algorithm != .scatterGather { return nil }
        guard let place = chunkOffset(elementOffset, in: plan, segmentOf: source ?? rank) else { return nil }
        var first = bucketChunks[bucket].lowerBound
        if plan.algorithm == .scatterGather {
            for before in 0..<(source ?? rank) { first += plan.chunkCount(of: plan.segments[before]) }
        }
        return first + place
    }

    /// The index within a rank's segment of the chunk that starts at an element, or nil when none starts there.
    private func chunkOffset(_ elementOffset: Int, in plan: ReductionPlan, segmentOf rank: Int) -> Int? {
        let segment = plan.segments[rank]
        guard segment.contains(elementOffset) else { return nil }
        let distance = elementOffset - segment.lowerBound
        guard distance % plan.chunkElementCount == 0 else { return nil }
        return distance / plan.chunkElementCount
    }
}
