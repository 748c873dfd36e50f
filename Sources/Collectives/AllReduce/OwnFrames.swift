/// The frames that one rank sends in the step that started last and in the one before it: which are complete, and since when.
/// Decides which requests of other ranks can be answered.
///
/// Time is counted in polls that found the inbox empty. A request that arrives after such a poll was made by a rank that
/// could have had everything sent before it, so only frames completed before the last empty poll are sent again.
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

    init(layout: AllReduceLayout) {
        rank = layout.rank
        self.layout = layout
        bucketCounts.reserveCapacity(layout.plans.count)
        chunkCounts.reserveCapacity(layout.chunks.count)
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

    /// Decides about a request of another rank of the view.
    func reply(to request: FrameLabel) -> Reply {
        if let previous, request.step == previous.step {
            return reply(to: request, previous.layout, isOfPreviousStep: true)
        }
        guard let step, request.step == step else { return .otherStep }
        return reply(to: request, layout, isOfPreviousStep: false)
    }

    private func reply(to request: FrameLabel, _ layout: AllReduceLayout, isOfPreviousStep: Bool) -> Reply {
        guard let answer = answer(request, layout, isOfPreviousStep: isOfPreviousStep) else { return .unplanned }
        let count = isOfPreviousStep ? startCount : completionCount(answer)
        return count < emptyInboxCount ? .send(answer) : .wait
    }

    /// The frame that a request names, if the plan has this rank send it to the requesting rank.
    private func answer(_ request: FrameLabel, _ layout: AllReduceLayout, isOfPreviousStep: Bool) -> FrameAnswer? {
        guard let kind = request.requestedKind else { return nil }
        var answer = FrameAnswer(
            rank: request.sender, isOfPreviousStep: isOfPreviousStep, step: request.step, kind: kind,
            bucket: request.bucket, elements: 0..<0, rootIndex: 0, node: request.node)
        switch kind {
        case .contribution:
            guard let root = layout.program.roots.firstIndex(of: request.node),
                let elements = layout.frameElements(
                    bucket: request.bucket, elementOffset: request.elementOffset, segmentOf: request.sender)
            else { return nil }
            answer.rootIndex = root
            answer.elements = elements
        case .result:
            guard request.node == 0,
                let elements = layout.frameElements(
                    bucket: request.bucket, elementOffset: request.elementOffset, segmentOf: rank),
                layout.plans[request.bucket].algorithm == .scatterGather
            else { return nil }
            answer.elements = elements
        case .statistics:
            guard request.node == 0, request.bucket == 0, request.elementOffset == 0, layout.statisticsWidth > 0,
                !layout.isLearner
            else { return nil }
            answer.elements = 0..<layout.statisticsWidth * layout.ownership.runs[rank].count
        case .resend: return nil
        }
        return answer.elements.count == request.elementCount ? answer : nil
    }

    /// When a frame of the step that started last was complete.
    private func completionCount(_ answer: FrameAnswer) -> UInt64 {
        switch answer.kind {
        case .contribution: return bucketCounts[answer.bucket]
        case .result:
            let index = layout.chunkIndex(
                bucket: answer.bucket, elementOffset: answer.elements.lowerBound, source: nil)
            return index.map { chunkCounts[$0] } ?? Self.notYet
        case .statistics: return statisticsCount
        case .resend: return Self.notYet
        }
    }
}
