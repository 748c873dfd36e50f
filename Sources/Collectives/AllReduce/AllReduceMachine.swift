package import Core

/// The all-reduce of one rank as a machine without I/O. One machine serves one generation.
///
/// The driver reports events (`begin`, `bucketReady`, `statisticsReady`, `frameReceived`, the outcome of each action
/// that read received bytes, a pause without useful frames) and carries out, in order, the actions that `nextAction`
/// returns. The machine reads labels of frames only. The driver keeps the frames in numbered slots until an action
/// names them, so sums are made in the tree's order whatever the order of arrival.
///
/// Allocates nothing after the first step of the largest layout, as long as no frame is lost or damaged.
package struct AllReduceMachine: ~Copyable {
    /// Dropped frames, by reason.
    package struct DroppedFrameCounts: Sendable, Hashable {
        package var duplicate = 0
        package var earlierStep = 0
        package var earlierGeneration = 0
        package var otherJob = 0
        package var unknownSender = 0
        package var damaged = 0
    }

    /// This many damaged frames of one rank in one step are a fault of that rank, not of the network.
    package static let damagedFrameLimit = 16

    package let rank: Int
    package let job: JobIdentifier
    package let generation: UInt64
    /// The layout of the step that started last.
    package private(set) var layout: AllReduceLayout
    package private(set) var dropped = DroppedFrameCounts()

    private enum Phase {
        case beforeFirstStep
        case running(step: UInt64)
        case done(step: UInt64)
    }

    private let safeguards: Safeguards
    private var phase = Phase.beforeFirstStep
    private var received: ReceivedFrames
    private var own: OwnFrames
    private var progress: StepProgress
    private var actions: ActionQueue
    /// Damaged frames of each rank in this step.
    private var damagedFrameCounts: [Int]

    /// A machine that waits for its first step.
    package init(job: JobIdentifier, generation: UInt64, layout: AllReduceLayout) {
        self.init(job: job, generation: generation, layout: layout, safeguards: Safeguards())
    }

    init(job: JobIdentifier, generation: UInt64, layout: AllReduceLayout, safeguards: Safeguards) {
        rank = layout.rank
        self.job = job
        self.generation = generation
        self.layout = layout
        self.safeguards = safeguards
        received = ReceivedFrames(layout: layout, safeguards: safeguards)
        own = OwnFrames(layout: layout)
        progress = StepProgress(layout: layout)
        actions = ActionQueue(capacity: layout.actionCapacity)
        damagedFrameCounts = Array(repeating: 0, count: layout.workerCount)
    }

    /// The step that started last; 0 before the first one.
    package var step: UInt64 {
        switch phase {
        case .beforeFirstStep: 0
        case .running(let step), .done(let step): step
        }
    }

    private var isRunning: Bool {
        if case .running = phase { true } else { false }
    }

    /// The next action, or nil when there is nothing to do until the next event.
    package mutating func nextAction() -> AllReduceAction? {
        while let action = actions.next() {
            // A chunk that turned out to be damaged has no sums to send; they are sent after the next combination.
            if case .sendSums(let chunk) = action, !own.isSummed(chunk: chunk) { continue }
            return action
        }
        return nil
    }

    // MARK: A step of this rank

    /// Starts a step. The driver then offers the frames that arrived early again.
    ///
    /// - Parameters:
    ///   - step: higher than that of every step before; the same on every worker.
    ///   - layout: the layout of this step's batch, for the same rank and owners.
    /// - Precondition: the step before is done.
    package mutating func begin(step: UInt64, layout: AllReduceLayout) {
        switch phase {
        case .beforeFirstStep: break
        case .running: preconditionFailure("a step starts after the one before is done")
        case .done(let last): precondition(step > last, "step numbers rise")
        }
        precondition(layout.rank == rank, "a layout belongs to one rank")
        self.layout = layout
        phase = .running(step: step)
        received.begin(layout)
        own.begin(step: step, layout)
        progress.begin(layout)
        actions.begin(capacity: layout.actionCapacity)
        for rank in damagedFrameCounts.indices { damagedFrameCounts[rank] = 0 }
        if layout.isLearner {
            for bucket in layout.plans.indices { closeBucketIfComplete(bucket) }
        }
        finishStepIfComplete()
    }

    /// The memory of the step before is about to be reused: its frames cannot be sent again.
    package mutating func forgetPreviousStep() {
        own.forgetPreviousStep()
    }

    /// All roots of a bucket are computed and stay unchanged until their frames are sent. No effect on a learner.
    ///
    /// - Precondition: the step runs and the bucket was not ready before, or this worker is a learner.
    package mutating func bucketReady(_ bucket: Int) {
        if layout.isLearner { return }
        precondition(isRunning, "a bucket becomes ready while its step runs")
        own.bucketReady(bucket)
        sendContributions(bucket)
        for chunk in layout.bucketChunks[bucket] { combineIfComplete(chunk) }
        closeBucketIfComplete(bucket)
    }

    /// The statistics of this worker's micro-batches are in place. No effect on a learner.
    ///
    /// - Precondition: the step runs, has statistics, and they were not ready before, or this worker is a learner.
    package mutating func statisticsReady() {
        if layout.isLearner { return }
        precondition(isRunning && layout.statisticsWidth > 0, "statistics become ready while their step runs")
        own.statisticsReady()
        if layout.workerCount > 1 { actions.append(.sendStatistics) }
        progress.statisticsTaken()
        finishStepIfComplete()
    }

    private mutating func sendContributions(_ bucket: Int) {
        let plan = layout.plans[bucket]
        let shares = layout.segmentShares[bucket]
        let mostChunks = plan.segments.reduce(0) { max($0, plan.chunkCount(of: $1)) }
        // Each rank starts with the segment after its own, so that no rank receives from all others at once.
        let first = layout.ownSegment(of: plan) + 1
        for frame in 0..<mostChunks {
            for distance in shares.indices {
                let index = (first + distance) % shares.count
                let segment = plan.segments[index]
                guard let destination = shares[index].destination, frame < plan.chunkCount(of: segment) else {
                    continue
                }
                sendRoots(
                    bucket, elements: plan.chunk(frame, of: segment), ofGroup: shares[index].isCollector,
                    destination: destination)
            }
        }
    }

    /// Sends this rank's roots to the collector of its group or, with `ofGroup`, those that are the group's to other
    /// groups.
    private mutating func sendRoots(
        _ bucket: Int, elements: Range<Int>, ofGroup: Bool, destination: AllReduceAction.Destination
    ) {
        if ofGroup {
            for root in layout.ownGroupRoots {
                actions.append(
                    .sendContribution(
                        bucket: bucket, elements: elements, rootIndex: root.localIndex, node: root.node,
                        destination: destination))
            }
        } else {
            for (index, node) in layout.program.roots.enumerated() {
                actions.append(
                    .sendContribution(
                        bucket: bucket, elements: elements, rootIndex: index, node: node, destination: destination))
            }
        }
    }

    /// Adds a chunk when all its values are there; no effect on a chunk that is received summed.
    private mutating func combineIfComplete(_ index: Int) {
        if case .receive = layout.chunks[index].work { return }
        guard own.isReady(bucket: layout.chunks[index].bucket), received.isComplete(chunk: index) else { return }
        actions.append(.combine(chunk: index))
        sendSums(index)
    }

    private mutating func sendSums(_ index: Int) {
        if !layout.chunks[index].receivers.isEmpty { actions.append(.sendSums(chunk: index)) }
    }

    private mutating func closeBucketIfComplete(_ bucket: Int) {
        guard own.isReady(bucket: bucket), progress.close(bucket: bucket) else { return }
        actions.append(.bucketDone(bucket: bucket))
        finishStepIfComplete()
    }

    private mutating func finishStepIfComplete() {
        guard case .running(let step) = phase, progress.isComplete else { return }
        phase = .done(step: step)
        actions.append(.stepDone)
    }

    // MARK: Frames

    /// Decides about a frame that arrived; `isWhole` when its payload has the length that the label announces.
    package mutating func frameReceived(_ frame: FrameLabel, isWhole: Bool) -> FrameVerdict {
        if frame.job != job {
            dropped.otherJob += 1
            return .drop
        }
        if frame.generation < generation && safeguards.checksGeneration {
            dropped.earlierGeneration += 1
            return .drop
        }
        if frame.generation > generation {
            let isHeld = isWhole && frame.kind != .resend && frame.isNear(generation: generation)
            return isHeld ? .early : .drop
        }
        // Not another member of this view: ignore the frame.
        guard frame.sender != rank, frame.sender < layout.workerCount else {
            dropped.unknownSender += 1
            return .drop
        }
        guard isWhole else {
            let reason = PeerFault.Reason.wrongPayloadLength(kind: frame.kind, elementCount: frame.elementCount)
            return countDamage(by: frame.sender, reason).map { .refuse($0) } ?? .drop
        }
        if frame.kind == .resend { return reply(to: frame) }
        switch phase {
        case .beforeFirstStep: return .early
        case .running(let step), .done(let step):
            if frame.step > step { return .early }
            if frame.step < step {
                dropped.earlierStep += 1
                return .drop
            }
            return take(frame)
        }
    }

    private mutating func take(_ frame: FrameLabel) -> FrameVerdict {
        guard let place = received.place(of: frame) else { return unplanned(frame) }
        guard received.fill(place) else {
            dropped.duplicate += 1
            return .drop
        }
        switch place {
        case .contribution(let slot, let chunk):
            combineIfComplete(chunk)
            return .keep(slot: slot)
        case .result(let slot, let chunk):
            actions.append(.copyResult(chunk: chunk))
            sendSums(chunk)
            return .keep(slot: slot)
        case .statistics(let slot, let owner):
            actions.append(.takeStatistics(slot: slot, owner: owner))
            return .keep(slot: slot)
        }
    }

    private func reply(to request: FrameLabel) -> FrameVerdict {
        switch own.reply(to: request) {
        case .send(let answer): .answer(answer)
        case .wait: .drop
        case .unplanned: unplanned(request)
        case .otherStep: .elsewhere
        }
    }

    private func unplanned(_ frame: FrameLabel) -> FrameVerdict {
        let reason = PeerFault.Reason.unplannedFrame(
            kind: frame.kind, bucket: frame.bucket, elementOffset: frame.elementOffset,
            elementCount: frame.elementCount, node: frame.node)
        return .refuse(PeerFault(rank: frame.sender, reason: reason))
    }

    // MARK: Outcomes of actions

    /// The sums of a chunk are in place: it was combined or copied from intact frames.
    package mutating func chunkSummed(_ index: Int) {
        own.chunkSummed(index)
        let bucket = layout.chunks[index].bucket
        progress.chunkSummed(ofBucket: bucket)
        if let sum = received.noteGathered(index) { combineIfComplete(sum) }
        closeBucketIfComplete(bucket)
    }

    /// The frame in a slot of a chunk was damaged: empties the slot and requests the frame again. Returns a fault when
    /// its sender has sent too many damaged frames in this step.
    package mutating func frameDamaged(chunk index: Int, ordinal: Int) -> PeerFault? {
        let request = received.empty(chunk: index, ordinal: ordinal)
        actions.append(.request(request))
        return countDamage(by: request.rank, .damagedPayload(bucket: request.bucket))
    }

    /// The statistics of another owner are in place.
    package mutating func statisticsTaken(of owner: Int) {
        if layout.relaysStatistics(of: owner) {
            own.relayedStatisticsReady(of: owner)
            actions.append(.relayStatistics(owner: owner))
        }
        progress.statisticsTaken()
        finishStepIfComplete()
    }

    /// The statistics of another owner were damaged: requests them again. Returns a fault when the rank that sent them
    /// has sent too many damaged frames in this step.
    package mutating func statisticsDamaged(of owner: Int) -> PeerFault? {
        let request = received.emptyStatistics(of: owner)
        actions.append(.request(request))
        return countDamage(by: request.rank, .damagedPayload(bucket: 0))
    }

    private mutating func countDamage(by sender: Int, _ reason: PeerFault.Reason) -> PeerFault? {
        dropped.damaged += 1
        damagedFrameCounts[sender] += 1
        guard damagedFrameCounts[sender] >= Self.damagedFrameLimit else { return nil }
        return PeerFault(rank: sender, reason: reason)
    }

    // MARK: Waiting

    /// The first missing frame of a running step in the order of the plan, or nil when none is missing.
    package var firstMissing: MissingFrame? { isRunning ? received.firstMissing : nil }

    /// No useful frame arrived for some time: requests the missing frames, at most 64 of each rank.
    package mutating func askAgain() {
        guard isRunning else { return }
        for request in received.requests { actions.append(.request(request)) }
    }

    /// How many times this worker's inbox was empty when polled, by any of its machines. See `OwnFrames`.
    package mutating func inboxFoundEmpty(times count: UInt64) {
        own.inboxFoundEmpty(times: count)
    }
}

/// Actions in the order in which they are to be carried out.
private struct ActionQueue {
    private var actions: [AllReduceAction] = []
    private var nextIndex = 0

    init(capacity: Int) {
        actions.reserveCapacity(capacity)
    }

    /// Removes the actions of the step before.
    mutating func begin(capacity: Int) {
        actions.removeAll(keepingCapacity: true)
        actions.reserveCapacity(capacity)
        nextIndex = 0
    }

    mutating func append(_ action: AllReduceAction) {
        actions.append(action)
    }

    mutating func next() -> AllReduceAction? {
        guard nextIndex < actions.count else { return nil }
        nextIndex += 1
        return actions[nextIndex - 1]
    }
}

/// What keeps sums right when frames are late, duplicated or old. Always on; only tests that prove they would notice
/// the absence of one switch it off.
struct Safeguards: Sendable {
    /// Frames of another generation are dropped.
    var checksGeneration = true
    /// A frame that arrived before is dropped.
    var dropsDuplicates = true
    /// Roots are added in the tree's order.
    var addsByTree = true
}
