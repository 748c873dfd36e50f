/// The frames that one rank needs from the others in a step: where each is kept, which have arrived, which are missing.
///
/// Received frames wait in numbered slots (`AllReduceLayout`). Allocates nothing after the step of the largest layout.
struct ReceivedFrames {
    /// Where a frame of the plan belongs.
    enum Place: Hashable {
        /// A root of another rank or group, to be added to a chunk of this rank.
        case contribution(slot: Int, chunk: Int)
        /// A chunk that another rank has summed.
        case result(slot: Int, chunk: Int)
        /// The statistics of an owner's micro-batches.
        case statistics(slot: Int, owner: Int)
    }

    /// The most frames that one rank is asked for at once.
    private static let requestLimit = 64

    private let rank: Int
    private let dropsDuplicates: Bool
    private var layout: AllReduceLayout
    private var isFilled: [Bool] = []
    private var missingCounts: [Int] = []

    init(layout: AllReduceLayout, safeguards: Safeguards) {
        rank = layout.rank
        dropsDuplicates = safeguards.dropsDuplicates
        self.layout = layout
        isFilled.reserveCapacity(layout.slotCount)
        missingCounts.reserveCapacity(layout.chunks.count)
    }

    /// Empties all slots for a new step.
    mutating func begin(_ layout: AllReduceLayout) {
        self.layout = layout
        isFilled.removeAll(keepingCapacity: true)
        for _ in 0..<layout.slotCount { isFilled.append(false) }
        missingCounts.removeAll(keepingCapacity: true)
        for chunk in layout.chunks {
            missingCounts.append(chunk.work == .sum ? chunk.slotCount + layout.gatheredRoots.count : chunk.slotCount)
        }
    }

    /// A chunk is summed. When it was gathered for a sum of this rank, returns that sum's chunk.
    mutating func noteGathered(_ index: Int) -> Int? {
        guard case .gather(let root) = layout.chunks[index].work else { return nil }
        // The chunks of one frame follow one another, the sum last.
        let final = index + layout.gatheredRoots.count - root
        guard layout.chunks[final].work == .sum else { return nil }
        missingCounts[final] -= 1
        return final
    }

    /// Whether all frames of a chunk have arrived, and all that this rank gathers for it is summed.
    func isComplete(chunk index: Int) -> Bool { missingCounts[index] == 0 }

    /// Where a frame belongs, or nil when the plan has no such frame.
    ///
    /// - Precondition: the sender is another rank of the view, and the frame is no request.
    func place(of frame: FrameLabel) -> Place? {
        switch frame.kind {
        case .contribution: contributionPlace(frame)
        case .result: resultPlace(frame)
        case .statistics, .relayedStatistics: statisticsPlace(frame)
        case .resend: nil
        }
    }

    private func contributionPlace(_ frame: FrameLabel) -> Place? {
        guard frame.node < layout.rootPlaces.count, let root = layout.rootPlaces[frame.node],
            let place = layout.framePlace(bucket: frame.bucket, elementOffset: frame.elementOffset)
        else { return nil }
        let plan = layout.plans[frame.bucket]
        guard layout.segmentShares[frame.bucket][place.segment].isCollector else { return nil }
        let index = layout.chunkIndex(
            bucket: frame.bucket, segment: place.segment, frame: place.frame, gatheredRoot: root.gatheredRoot)
        let chunk = layout.chunks[index]
        if root.gatheredRoot == nil && chunk.work != .sum { return nil }
        guard chunk.elements.count == frame.elementCount,
            frame.sender == sender(of: root, segment: plan.segments[place.segment], in: plan)
        else { return nil }
        return .contribution(slot: chunk.firstSlot + root.ordinal, chunk: index)
    }

    /// The rank that sends a root of a segment to this rank.
    private func sender(
        of root: AllReduceLayout.RootPlace, segment: ReductionPlan.Segment, in plan: ReductionPlan
    ) -> Int {
        guard let gathered = root.gatheredRoot else {
            return plan.collector(of: segment, in: layout.receivedRoots[root.ordinal].group)
        }
        return layout.gatheredRoots[gathered].received[root.ordinal].rank
    }

    private func resultPlace(_ frame: FrameLabel) -> Place? {
        guard frame.node == 0,
            let place = layout.framePlace(bucket: frame.bucket, elementOffset: frame.elementOffset)
        else { return nil }
        let index = layout.chunkIndex(bucket: frame.bucket, segment: place.segment, frame: place.frame)
        let chunk = layout.chunks[index]
        guard chunk.work == .receive(from: frame.sender), chunk.elements.count == frame.elementCount else { return nil }
        return .result(slot: chunk.firstSlot, chunk: index)
    }

    private func statisticsPlace(_ frame: FrameLabel) -> Place? {
        let isRelayed = frame.kind == .relayedStatistics
        let owner = isRelayed ? frame.node : frame.sender
        guard layout.statisticsWidth > 0, owner < layout.ownership.ownerCount, owner != rank,
            isRelayed == (owner != frame.sender),
            isRelayed || frame.node == 0, layout.statisticsSource(of: owner) == frame.sender,
            frame.elementCount == layout.statisticsCount(of: owner),
            frame.elementOffset == 0, frame.bucket == 0
        else { return nil }
        return .statistics(slot: layout.firstStatisticsSlot + owner, owner: owner)
    }

    /// Fills the slot of a place; false when it was filled before.
    mutating func fill(_ place: Place) -> Bool {
        switch place {
        case .contribution(let slot, let chunk), .result(let slot, let chunk):
            guard fill(slot: slot) else { return false }
            missingCounts[chunk] -= 1
            return true
        case .statistics(let slot, _): return fill(slot: slot)
        }
    }

    private mutating func fill(slot: Int) -> Bool {
        if isFilled[slot] && dropsDuplicates { return false }
        isFilled[slot] = true
        return true
    }

    /// Empties a slot of a chunk whose frame was damaged. Returns the request for that frame.
    mutating func empty(chunk index: Int, ordinal: Int) -> FrameRequest {
        let slot = layout.chunks[index].firstSlot + ordinal
        precondition(isFilled[slot], "a damaged frame was in its slot")
        isFilled[slot] = false
        missingCounts[index] += 1
        return request(chunk: index, ordinal: ordinal)
    }

    /// Empties the slot of damaged statistics. Returns the request for that frame.
    mutating func emptyStatistics(of owner: Int) -> FrameRequest {
        let slot = layout.firstStatisticsSlot + owner
        precondition(isFilled[slot], "damaged statistics were in their slot")
        isFilled[slot] = false
        return statisticsRequest(owner)
    }

    /// The first missing frame in the order of the plan, or nil when none is missing.
    var firstMissing: MissingFrame? {
        var first: MissingFrame?
        forEachMissing { request in
            first = MissingFrame(rank: request.rank, kind: request.kind, bucket: request.bucket)
            return false
        }
        return first
    }

    /// Requests for the missing frames in the order of the plan, at most 64 a rank.
    var requests: [FrameRequest] {
        var counts = Array(repeating: 0, count: layout.workerCount)
        var requests: [FrameRequest] = []
        forEachMissing { request in
            counts[request.rank] += 1
            if counts[request.rank] <= Self.requestLimit { requests.append(request) }
            return true
        }
        return requests
    }

    /// Calls `body` with the missing frames, in the order of the plan, until it returns false.
    private func forEachMissing(_ body: (FrameRequest) -> Bool) {
        for (index, chunk) in layout.chunks.enumerated() {
            for ordinal in 0..<chunk.slotCount where !isFilled[chunk.firstSlot + ordinal] {
                guard body(request(chunk: index, ordinal: ordinal)) else { return }
            }
        }
        guard layout.statisticsWidth > 0 else { return }
        for owner in 0..<layout.ownership.ownerCount
        where owner != rank && !isFilled[layout.firstStatisticsSlot + owner] {
            guard body(statisticsRequest(owner)) else { return }
        }
    }

    private func request(chunk index: Int, ordinal: Int) -> FrameRequest {
        let chunk = layout.chunks[index]
        let source: (rank: Int, node: Int)
        switch chunk.work {
        case .receive(let rank):
            return FrameRequest(rank: rank, kind: .result, bucket: chunk.bucket, elements: chunk.elements, node: 0)
        case .gather(let root):
            let part = layout.gatheredRoots[root].received[ordinal]
            source = (part.rank, part.node)
        case .sum:
            let plan = layout.plans[chunk.bucket]
            let root = layout.receivedRoots[ordinal]
            source = (plan.collector(of: plan.segments[chunk.segment], in: root.group), root.node)
        }
        return FrameRequest(
            rank: source.rank, kind: .contribution, bucket: chunk.bucket, elements: chunk.elements, node: source.node)
    }

    private func statisticsRequest(_ owner: Int) -> FrameRequest {
        let source = layout.statisticsSource(of: owner)
        let count = layout.statisticsCount(of: owner)
        return FrameRequest(
            rank: source, kind: source == owner ? .statistics : .relayedStatistics, bucket: 0, elements: 0..<count,
            node: source == owner ? 0 : owner)
    }
}
