/// The part of one rank's all-reduce that does not change from step to step: which frames it receives, the slots in
/// which they wait, the operands of its sums, and the receivers of what it sends.
///
/// A pure function of (rank, owners, learners, hosts, which micro-batches have samples, bucket lengths), so one layout
/// serves all batch sizes with the same occupied micro-batches.
///
/// A rank's vectors are its own roots, then the roots of its group that it collects: `program.roots.count` own ones,
/// then one for each of `gatheredRoots`. Vectors are named by their index.
package final class AllReduceLayout: Sendable {
    /// One value of a combination.
    package enum Operand: Sendable, Hashable {
        /// A vector of this worker.
        case local(index: Int)
        /// A root received in a frame: its slot, counted from the chunk's first slot.
        case received(ordinal: Int)
    }

    /// What is done with a chunk.
    package enum Work: Sendable, Hashable {
        /// Add the roots of this rank and of others of its group up to a root of the group, by its index in
        /// `gatheredRoots`.
        case gather(Int)
        /// Add the roots of all groups.
        case sum
        /// Receive the sums from a rank.
        case receive(from: Int)
    }

    /// A part of a bucket that this worker adds or receives summed.
    package struct Chunk: Sendable, Hashable {
        package var bucket: Int
        /// The segment of the bucket's plan.
        package var segment: Int
        /// The elements, counted from the start of the bucket.
        package var elements: Range<Int>
        /// The slot of the first frame that belongs to the chunk.
        package var firstSlot: Int
        /// How many frames belong to the chunk.
        package var slotCount: Int
        package var work: Work
        /// The ranks to which the sums are sent when they are complete.
        package var receivers: [Int]
    }

    /// A root of this rank's group that this rank makes out of the roots of several ranks, or of another one.
    package struct GatheredRoot: Sendable, Hashable {
        package var node: Int
        /// The values to add, from left to right.
        package var operands: [Operand]
        package var schedule: CombineSchedule
        /// The roots of other ranks among them.
        var received: [ReductionPlan.Part]
    }

    /// What this rank does with a segment.
    struct SegmentShare: Sendable, Hashable {
        /// The first of its chunks; each frame of the segment has `chunkCountPerFrame`. The last one sums or receives,
        /// those before it gather.
        var firstChunk: Int
        var chunkCountPerFrame: Int
        /// Whether this rank collects the segment in its group.
        var isCollector: Bool
        /// Where the roots go that this rank can send as soon as they are computed; nil for nowhere.
        var destination: AllReduceAction.Destination?
    }

    /// Where a root that this rank receives belongs.
    struct RootPlace: Sendable, Hashable {
        /// The index of the gathered root, or nil for the sum of all groups' roots.
        var gatheredRoot: Int?
        /// Its slot, counted from the chunk's first slot.
        var ordinal: Int
    }

    package let rank: Int
    package let ownership: Ownership
    /// The number of micro-batches that have samples, which decides which these are.
    package let occupiedCount: Int
    /// Doubles exchanged for every micro-batch; 0 when there are no statistics.
    ///
    /// Every owner sends at least one frame in every step, so that no owner is more than one step ahead of another. If
    /// an owner has no root and no statistics are requested, this is 1, and the frame only shows that its sender takes
    /// part.
    package let statisticsWidth: Int
    /// Whether statistics are exchanged only to show that owners take part.
    package let statisticsAreAttendance: Bool
    /// One plan a bucket.
    package let plans: [ReductionPlan]
    /// The sums that this worker makes alone.
    package let program: LocalProgram
    /// The sums that this worker makes out of its group's roots.
    package let gatheredRoots: [GatheredRoot]
    /// All chunks; those of one bucket follow one another.
    package let chunks: [Chunk]
    /// The chunks of each bucket.
    package let bucketChunks: [Range<Int>]
    /// The roots of all groups, from left to right; the same in every bucket.
    package let operands: [Operand]
    /// The most received frames at once: those of the chunks, then one an owner for the statistics.
    package let slotCount: Int
    /// The slot of the statistics of rank 0.
    package let firstStatisticsSlot: Int
    /// The ranks that receive this rank's statistics from it.
    package let statisticsReceivers: [Int]
    /// The other ranks of this rank's group, to which it relays statistics of other groups.
    package let relayReceivers: [Int]
    /// For each bucket, what this rank does with each segment.
    let segmentShares: [[SegmentShare]]
    /// The group's roots that are roots of this rank: what it sends of the segments that it collects, before any other.
    let ownGroupRoots: [ReductionPlan.Part]
    /// The roots of other groups, from left to right.
    let receivedRoots: [ReductionPlan.Root]
    /// For each tree node, where it belongs when it arrives.
    let rootPlaces: [RootPlace?]
    /// The most actions of a step without lost or damaged frames.
    let actionCapacity: Int

    package var workerCount: Int { ownership.workerCount }

    /// Whether this rank owns nothing and only receives.
    package var isLearner: Bool { ownership.isLearner(rank) }

    /// This rank's group.
    var group: Int { ownership.groupIndices[rank] }

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
        occupiedCount = MicroBatches(sampleCount: batchSize, count: ownership.microBatchCount).occupiedCount
        let roots = ReductionPlan.roots(ownership: ownership, batchSize: batchSize)
        let schedule =
            safeguards.addsByTree
            ? CombineSchedule(roots: roots.map(\.node), tree: ownership.tree)
            : CombineSchedule(leftToRight: roots.count)
        plans = bucketElementCounts.map {
            ReductionPlan(ownership: ownership, roots: roots, elementCount: $0, schedule: schedule)
        }
        program = ownership.localProgram(rank: rank, batchSize: batchSize)
        statisticsAreAttendance = statisticsWidth == 0 && Self.hasOwnerWithoutRoots(roots, ownership)
        self.statisticsWidth = statisticsAreAttendance ? 1 : statisticsWidth
        let parts = RootParts(roots, rank: rank, ownership: ownership, ownRootCount: program.roots.count)
        operands = parts.operands
        gatheredRoots = parts.gatheredRoots
        ownGroupRoots = parts.ownGroupRoots
        receivedRoots = parts.receivedRoots
        rootPlaces = parts.places
        var builder = ChunkBuilder(
            rank: rank, ownership: ownership, ownRootCount: program.roots.count,
            gatheredRoots: gatheredRoots, receivedRootCount: receivedRoots.count)
        for (bucket, plan) in plans.enumerated() { builder.append(plan, bucket: bucket) }
        chunks = builder.chunks
        bucketChunks = builder.bucketChunks
        segmentShares = builder.segmentShares
        firstStatisticsSlot = builder.slotCount
        slotCount = firstStatisticsSlot + (self.statisticsWidth > 0 ? ownership.ownerCount : 0)
        let group = ownership.groupIndices[rank]
        relayReceivers = ownership.groups[group].others(after: rank)
        statisticsReceivers =
            Self.ring(ownership.groups.count, after: group).map { ownership.groups[$0].relay(for: rank) }
            + relayReceivers
        actionCapacity = builder.sendCount + 2 * chunks.count + slotCount + ownership.ownerCount + plans.count + 3
    }

    private static func hasOwnerWithoutRoots(_ roots: [ReductionPlan.Root], _ ownership: Ownership) -> Bool {
        guard ownership.ownerCount > 1 else { return false }
        let ranks = Set(roots.flatMap { $0.parts.map(\.rank) })
        return ranks.count < ownership.ownerCount
    }

    /// The other indices below `count`, from the one after `index` around the ring.
    static func ring(_ count: Int, after index: Int) -> [Int] {
        (1..<max(1, count)).map { (index + $0) % count }
    }

    /// The values that a chunk adds, from left to right.
    package func operands(of chunk: Chunk) -> [Operand] {
        if case .gather(let index) = chunk.work { gatheredRoots[index].operands } else { operands }
    }

    /// The order in which a chunk's values are added.
    package func schedule(of chunk: Chunk) -> CombineSchedule {
        if case .gather(let index) = chunk.work {
            gatheredRoots[index].schedule
        } else {
            plans[chunk.bucket].schedule
        }
    }

    /// The vector that holds a gathered root.
    package func vector(ofGatheredRoot index: Int) -> Int { program.roots.count + index }

    /// The first segment that this rank collects for its own group; a rank sends roots of those after it first.
    func ownSegment(of plan: ReductionPlan) -> Int {
        let group = ownership.groups[group]
        let place = (group.ranks.firstIndex(of: rank) ?? 0) * plan.pieceCount / max(1, group.ownerCount)
        return plan.algorithm == .scatterGather ? self.group * plan.pieceCount + place : place
    }

    /// The doubles that an owner's statistics have.
    func statisticsCount(of owner: Int) -> Int { statisticsWidth * ownership.runs[owner].count }

    /// The rank that sends the statistics of another owner to this rank: the owner, or this group's relay for it.
    func statisticsSource(of owner: Int) -> Int {
        let group = ownership.groups[group]
        guard ownership.groupIndices[owner] != self.group else { return owner }
        let relay = group.relay(for: owner)
        return relay == rank ? owner : relay
    }

    /// Whether this rank relays the statistics of an owner of another group.
    func relaysStatistics(of owner: Int) -> Bool {
        ownership.groupIndices[owner] != group && !relayReceivers.isEmpty
            && ownership.groups[group].relay(for: owner) == rank
    }

    /// The segment and the index in it of the frame that starts at an element of a bucket, or nil when there is none.
    func framePlace(bucket: Int, elementOffset: Int) -> (segment: Int, frame: Int)? {
        guard plans.indices.contains(bucket), let index = plans[bucket].segmentIndex(of: elementOffset) else {
            return nil
        }
        let distance = elementOffset - plans[bucket].segments[index].elements.lowerBound
        guard distance % plans[bucket].chunkElementCount == 0 else { return nil }
        return (index, distance / plans[bucket].chunkElementCount)
    }

    /// The chunk of a frame in which this rank sums or receives, or with `gatheredRoot` gathers.
    func chunkIndex(bucket: Int, segment: Int, frame: Int, gatheredRoot: Int? = nil) -> Int {
        let share = segmentShares[bucket][segment]
        return share.firstChunk + frame * share.chunkCountPerFrame + (gatheredRoot ?? share.chunkCountPerFrame - 1)
    }
}

/// Whose roots one rank adds, and where those that it receives belong.
private struct RootParts {
    var operands: [AllReduceLayout.Operand] = []
    var gatheredRoots: [AllReduceLayout.GatheredRoot] = []
    var ownGroupRoots: [ReductionPlan.Part] = []
    var receivedRoots: [ReductionPlan.Root] = []
    var places: [AllReduceLayout.RootPlace?]

    init(_ roots: [ReductionPlan.Root], rank: Int, ownership: Ownership, ownRootCount: Int) {
        places = Array(repeating: nil, count: 2 * ownership.microBatchCount)
        let group = ownership.groupIndices[rank]
        for root in roots {
            if root.group != group {
                places[root.node] = AllReduceLayout.RootPlace(gatheredRoot: nil, ordinal: receivedRoots.count)
                operands.append(.received(ordinal: receivedRoots.count))
                receivedRoots.append(root)
            } else if root.parts.count == 1, root.parts[0].rank == rank {
                ownGroupRoots.append(
                    ReductionPlan.Part(node: root.node, rank: rank, localIndex: root.parts[0].localIndex))
                operands.append(.local(index: root.parts[0].localIndex))
            } else if !ownership.isLearner(rank) {
                operands.append(.local(index: ownRootCount + gatheredRoots.count))
                gather(root, rank: rank, tree: ownership.tree)
            }
        }
    }

    private mutating func gather(_ root: ReductionPlan.Root, rank: Int, tree: ReductionTree) {
        var operands: [AllReduceLayout.Operand] = []
        var received: [ReductionPlan.Part] = []
        for part in root.parts {
            if part.rank == rank {
                operands.append(.local(index: part.localIndex))
            } else {
                places[part.node] = AllReduceLayout.RootPlace(
                    gatheredRoot: gatheredRoots.count, ordinal: received.count)
                operands.append(.received(ordinal: received.count))
                received.append(part)
            }
        }
        let schedule = CombineSchedule(roots: root.parts.map(\.node), below: root.node, tree: tree)
        gatheredRoots.append(
            AllReduceLayout.GatheredRoot(
                node: root.node, operands: operands, schedule: schedule, received: received))
    }
}

/// Cuts the buckets into the chunks of one rank.
private struct ChunkBuilder {
    let rank: Int
    let ownership: Ownership
    let ownRootCount: Int
    let gatheredRoots: [AllReduceLayout.GatheredRoot]
    let receivedRootCount: Int
    private(set) var chunks: [AllReduceLayout.Chunk] = []
    private(set) var bucketChunks: [Range<Int>] = []
    private(set) var segmentShares: [[AllReduceLayout.SegmentShare]] = []
    private(set) var slotCount = 0
    /// At least the frames with own roots that this rank sends.
    private(set) var sendCount = 0

    init(
        rank: Int, ownership: Ownership, ownRootCount: Int, gatheredRoots: [AllReduceLayout.GatheredRoot],
        receivedRootCount: Int
    ) {
        self.rank = rank
        self.ownership = ownership
        self.ownRootCount = ownRootCount
        self.gatheredRoots = gatheredRoots
        self.receivedRootCount = receivedRootCount
    }

    mutating func append(_ plan: ReductionPlan, bucket: Int) {
        let begin = chunks.count
        segmentShares.append([])
        for index in plan.segments.indices { append(index, of: plan, bucket: bucket) }
        bucketChunks.append(begin..<chunks.count)
    }

    private mutating func append(_ index: Int, of plan: ReductionPlan, bucket: Int) {
        let segment = plan.segments[index]
        let group = ownership.groupIndices[rank]
        let collector = plan.collector(of: segment, in: group)
        let isCollector = collector == rank
        let destination = destination(of: segment, plan, collector: collector)
        segmentShares[bucket].append(
            AllReduceLayout.SegmentShare(
                firstChunk: chunks.count, chunkCountPerFrame: isCollector ? gatheredRoots.count + 1 : 1,
                isCollector: isCollector, destination: destination))
        let frameCount = plan.chunkCount(of: segment)
        if destination != nil { sendCount += frameCount * ownRootCount }
        guard frameCount > 0 else { return }
        var works: [(AllReduceLayout.Work, slotCount: Int, receivers: [Int])] = []
        if isCollector {
            for (index, root) in gatheredRoots.enumerated() {
                works.append((.gather(index), root.received.count, destination?.ranks ?? []))
            }
        }
        works.append(finalWork(on: segment, plan, collector: collector))
        for frame in 0..<frameCount {
            for (work, slotCount, receivers) in works {
                chunks.append(
                    AllReduceLayout.Chunk(
                        bucket: bucket, segment: index, elements: plan.chunk(frame, of: segment),
                        firstSlot: self.slotCount, slotCount: slotCount, work: work, receivers: receivers))
                self.slotCount += slotCount
            }
        }
    }

    /// Where the roots of this rank go, or for a collector those of its group.
    private func destination(
        of segment: ReductionPlan.Segment, _ plan: ReductionPlan, collector: Int
    ) -> AllReduceAction.Destination? {
        if ownership.isLearner(rank) || plan.algorithm == .alone { return nil }
        if collector != rank { return .rank(collector) }
        let group = ownership.groupIndices[rank]
        guard let adder = segment.adder else { return .ranks(otherCollectors(of: segment, plan)) }
        return adder == group ? nil : .rank(plan.collector(of: segment, in: adder))
    }

    private func otherCollectors(of segment: ReductionPlan.Segment, _ plan: ReductionPlan) -> [Int] {
        AllReduceLayout.ring(ownership.groups.count, after: ownership.groupIndices[rank]).map {
            plan.collector(of: segment, in: $0)
        }
    }

    /// How this rank gets the sums of a segment, from how many frames, and to whom it sends them.
    private func finalWork(
        on segment: ReductionPlan.Segment, _ plan: ReductionPlan, collector: Int
    ) -> (AllReduceLayout.Work, slotCount: Int, receivers: [Int]) {
        guard collector == rank else { return (.receive(from: collector), 1, []) }
        let group = ownership.groupIndices[rank]
        let others = ownership.groups[group].others(after: rank)
        guard let adder = segment.adder else { return (.sum, receivedRootCount, others) }
        guard adder == group else { return (.receive(from: plan.collector(of: segment, in: adder)), 1, others) }
        return (.sum, receivedRootCount, otherCollectors(of: segment, plan) + others)
    }
}
