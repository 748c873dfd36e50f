/// The frames that one rank sends in the step that started last and in the one before it: which are complete, and since
/// when. Decides which requests of other ranks can be answered.
///
/// Time is counted in polls that found the inbox empty. A request that arrives after such a poll was made by a rank
/// that could have had everything sent before it, so only frames completed before the last empty poll are sent again.
/// Allocates nothing after the step of the largest layout.
struct OwnFrames {
    /// What becomes of a request.
    enum Reply: Hashable {
        case send(FrameAnswer)
        /// The frame is not complete, or was sent only since the inbox was last empty.
        case wait
        /// The plan does not have this rank send such a frame.
        case unplanned
        /// The request is about a step that this machine does not have.
        case otherStep
    }

    private static let notYet = UInt64.max

    private let rank: Int
    private var layout: AllReduceLayout
    private var step: UInt64?
    private var previous: (step: UInt64, layout: AllReduceLayout)?
    private var emptyInboxCount: UInt64 = 0
    /// `emptyInboxCount` when the step started, and when each part of it was complete (`notYet` until then).
    private var startCount: UInt64 = 0
    private var bucketCounts: [UInt64] = []
    private var chunkCounts: [UInt64] = []
    private var statisticsCount = OwnFrames.notYet
    /// For each owner whose statistics this rank relays.
    private var relayedStatisticsCounts: [UInt64] = []

    init(layout: AllReduceLayout) {
        rank = layout.rank
        self.layout = layout
        bucketCounts.reserveCapacity(layout.plans.count)
        chunkCounts.reserveCapacity(layout.chunks.count)
        relayedStatisticsCounts.reserveCapacity(layout.ownership.ownerCount)
    }

    /// Starts a step; the frames of the one before it can be sent again until `forgetPreviousStep`.
    mutating func begin(step: UInt64, _ layout: AllReduceLayout) {
        previous = self.step.map { ($0, self.layout) }
        self.step = step
        self.layout = layout
        startCount = emptyInboxCount
        bucketCounts.removeAll(keepingCapacity: true)
        for _ in layout.plans { bucketCounts.append(Self.notYet) }
        chunkCounts.removeAll(keepingCapacity: true)
        for _ in layout.chunks { chunkCounts.append(Self.notYet) }
        statisticsCount = Self.notYet
        relayedStatisticsCounts.removeAll(keepingCapacity: true)
        for _ in 0..<layout.ownership.ownerCount { relayedStatisticsCounts.append(Self.notYet) }
    }

    mutating func forgetPreviousStep() {
        previous = nil
    }

    mutating func inboxFoundEmpty(times count: UInt64) {
        emptyInboxCount = count
    }

    /// Whether the roots of a bucket are computed. A learner has none.
    func isReady(bucket: Int) -> Bool { layout.isLearner || bucketCounts[bucket] != Self.notYet }

    func isSummed(chunk: Int) -> Bool { chunkCounts[chunk] != Self.notYet }

    mutating func bucketReady(_ bucket: Int) {
        precondition(bucketCounts[bucket] == Self.notYet, "a bucket becomes ready once a step")
        bucketCounts[bucket] = emptyInboxCount
    }

    mutating func chunkSummed(_ chunk: Int) {
        precondition(chunkCounts[chunk] == Self.notYet, "a chunk is summed once a step")
        chunkCounts[chunk] = emptyInboxCount
    }

    mutating func statisticsReady() {
        precondition(statisticsCount == Self.notYet, "statistics become ready once a step")
        statisticsCount = emptyInboxCount
    }

    mutating func relayedStatisticsReady(of owner: Int) {
        relayedStatisticsCounts[owner] = emptyInboxCount
    }

    /// Decides about a request of another rank of the view.
    func reply(to request: FrameLabel) -> Reply {
        if let previous, request.step == previous.step {
            return reply(to: request, previous.layout, isOfPreviousStep: true)
        }
        guard let step, request.step == step else { return .otherStep }
        return reply(to: request, layout, isOfPreviousStep: false)
    }

    private func reply(to request: FrameLabel, _ layout: AllReduceLayout, isOfPreviousStep: Bool) -> Reply {
        guard let part = part(request, layout) else { return .unplanned }
        let count = isOfPreviousStep ? startCount : completionCount(part)
        guard count < emptyInboxCount else { return .wait }
        return .send(
            FrameAnswer(
                rank: request.sender, isOfPreviousStep: isOfPreviousStep, step: request.step, kind: part.kind,
                bucket: request.bucket, elements: part.elements, rootIndex: part.vector, node: request.node))
    }

    /// What this rank has to send: its place in the plan.
    private struct Part {
        var kind: FrameKind
        var elements: Range<Int>
        var vector = 0
        var origin: Origin

        /// What has to be complete before it is sent.
        enum Origin {
            case bucket(Int)
            case chunk(Int)
            case statistics
            case relayedStatistics(Int)
        }
    }

    /// The frame that a request names, if the plan has this rank send it to the requesting rank.
    private func part(_ request: FrameLabel, _ layout: AllReduceLayout) -> Part? {
        let part: Part? =
            switch request.requestedKind {
            case .contribution: contribution(request, layout)
            case .result: result(request, layout)
            case .statistics, .relayedStatistics: statistics(request, layout)
            case .resend, nil: nil
            }
        return part?.elements.count == request.elementCount ? part : nil
    }

    private func contribution(_ request: FrameLabel, _ layout: AllReduceLayout) -> Part? {
        guard let place = layout.framePlace(bucket: request.bucket, elementOffset: request.elementOffset) else {
            return nil
        }
        let share = layout.segmentShares[request.bucket][place.segment]
        guard share.destination?.contains(request.sender) == true else { return nil }
        let plan = layout.plans[request.bucket]
        let elements = plan.chunk(place.frame, of: plan.segments[place.segment])
        let bucket = Part.Origin.bucket(request.bucket)
        guard share.isCollector else {
            return layout.program.roots.firstIndex(of: request.node).map {
                Part(kind: .contribution, elements: elements, vector: $0, origin: bucket)
            }
        }
        if let root = layout.ownGroupRoots.first(where: { $0.node == request.node }) {
            return Part(kind: .contribution, elements: elements, vector: root.localIndex, origin: bucket)
        }
        return layout.gatheredRoots.firstIndex { $0.node == request.node }.map { root in
            let chunk = layout.chunkIndex(
                bucket: request.bucket, segment: place.segment, frame: place.frame, gatheredRoot: root)
            return Part(
                kind: .contribution, elements: elements, vector: layout.vector(ofGatheredRoot: root),
                origin: .chunk(chunk))
        }
    }

    private func result(_ request: FrameLabel, _ layout: AllReduceLayout) -> Part? {
        guard request.node == 0,
            let place = layout.framePlace(bucket: request.bucket, elementOffset: request.elementOffset)
        else { return nil }
        let index = layout.chunkIndex(bucket: request.bucket, segment: place.segment, frame: place.frame)
        let chunk = layout.chunks[index]
        guard chunk.receivers.contains(request.sender) else { return nil }
        return Part(kind: .result, elements: chunk.elements, origin: .chunk(index))
    }

    private func statistics(_ request: FrameLabel, _ layout: AllReduceLayout) -> Part? {
        guard request.bucket == 0, request.elementOffset == 0, layout.statisticsWidth > 0 else { return nil }
        if request.requestedKind == .statistics {
            guard request.node == 0, !layout.isLearner, layout.statisticsReceivers.contains(request.sender) else {
                return nil
            }
            let count = layout.statisticsCount(of: rank)
            return Part(kind: .statistics, elements: 0..<count, origin: .statistics)
        }
        guard request.node < layout.ownership.ownerCount, layout.relaysStatistics(of: request.node),
            layout.relayReceivers.contains(request.sender)
        else { return nil }
        let count = layout.statisticsCount(of: request.node)
        return Part(kind: .relayedStatistics, elements: 0..<count, origin: .relayedStatistics(request.node))
    }

    /// When a frame of the step that started last was complete.
    private func completionCount(_ part: Part) -> UInt64 {
        switch part.origin {
        case .bucket(let bucket): bucketCounts[bucket]
        case .chunk(let chunk): chunkCounts[chunk]
        case .statistics: statisticsCount
        case .relayedStatistics(let owner): relayedStatisticsCounts[owner]
        }
    }
}
