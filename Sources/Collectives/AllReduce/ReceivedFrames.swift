/// The frames that one rank needs from the others in a step: where each is kept, which have arrived, which are missing.
///
/// Received frames wait in numbered slots (`AllReduceLayout`). Allocates nothing after the step of the largest layout.
struct ReceivedFrames {
    /// Where a frame of the plan belongs.
    enum Place: Hashable {
        /// A root of another rank, to be added to a chunk that this rank sums.
        case contribution(slot: Int, chunk: Int)
        /// A chunk that another rank has summed.
        case result(slot: Int, chunk: Int)
        /// The statistics of another rank's micro-batches.
        case statistics(slot: Int)
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
        for chunk in layout.chunks { missingCounts.append(chunk.slotCount) }
    }

    /// Whether all frames of a chunk have arrived.
    func isComplete(chunk index: Int) -> Bool { missingCounts[index] == 0 }

    /// Where a frame belongs, or nil when the plan has no such frame.
    ///
    /// - Precondition: the sender is another rank of the view, and the frame is no request.
    func place(of frame: FrameLabel) -> Place? {
        switch frame.kind {
        case .contribution: contributionPlace(frame)
        case .result: resultPlace(frame)
        case .statistics: statisticsPlace(frame)
        case .resend: nil
        }
    }

    private func contributionPlace(_ frame: FrameLabel) -> Place? {
        guard frame.bucket < layout.plans.count, frame.node < layout.receivedOrdinals.count,
            layout.receivedOrdinals[frame.node] >= 0,
            layout.ownership.runs[frame.sender].contains(layout.ownership.tree.leaves(of: frame.node).lowerBound),
            let index = layout.chunkIndex(bucket: frame.bucket, elementOffset: frame.elementOffset, source: nil),
            layout.chunks[index].elements.count == frame.elementCount
        else { return nil }
        return .contribution(slot: layout.chunks[index].firstSlot + layout.receivedOrdinals[frame.node], chunk: index)
    }

    private func resultPlace(_ frame: FrameLabel) -> Place? {
        guard frame.bucket < layout.plans.count, frame.node == 0,
            let index = layout.chunkIndex(
                bucket: frame.bucket, elementOffset: frame.elementOffset, source: frame.sender),
            layout.chunks[index].elements.count == frame.elementCount
        else { return nil }
        return .result(slot: layout.chunks[index].firstSlot, chunk: index)
    }

    private func statisticsPlace(_ frame: FrameLabel) -> Place? {
        let width = layout.statisticsWidth
        guard width > 0, !layout.ownership.isLearner(frame.sender),
            frame.elementCount == width * layout.ownership.runs[frame.sender].count,
            frame.elementOffset == 0, frame.bucket == 0, frame.node == 0
        else { return nil }
        return .statistics(slot: layout.firstStatisticsSlot + frame.sender)
    }

    /// Fills the slot of a place; false when it was filled before.
    mutating func fill(_ place: Place) -> Bool {
        switch place {
        case .contribution(let slot, let chunk), .result(let slot, let chunk):
            guard fill(slot: slot) else { return false }
            missingCounts[chunk] -= 1
            return true
        case .statistics(let slot): return fill(slot: slot)
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
    mutating func emptyStatistics(of sender: Int) -> FrameRequest {
        let slot = layout.firstStatisticsSlot + sender
        precondition(isFilled[slot], "damaged statistics were in their slot")
        isFilled[slot] = false
        return statisticsRequest(sender)
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
        for sender in 0..<layout.ownership.ownerCount
        where sender != rank && !isFilled[layout.firstStatisticsSlot + sender] {
            guard body(statisticsRequest(sender)) else { return }
        }
    }

    private func request(chunk index: Int, ordinal: Int) -> FrameRequest {
        let chunk = layout.chunks[index]
        if let source = chunk.source {
            return FrameRequest(rank: source, kind: .result, bucket: chunk.bucket, elements: chunk.elements, node: 0)
        }
        let root = layout.receivedRoots[ordinal]
        return FrameRequest(
            rank: root.owner, kind: .contribution, bucket: chunk.bucket, elements: chunk.elements, node: root.node)
    }

    private func statisticsRequest(_ sender: Int) -> FrameRequest {
        let count = layout.statisticsWidth * layout.ownership.runs[sender].count
        return FrameRequest(rank: sender, kind: .statistics, bucket: 0, elements: 0..<count, node: 0)
    }
}
