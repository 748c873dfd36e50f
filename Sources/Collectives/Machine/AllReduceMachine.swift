package import Core

/// The all-reduce of one rank as a machine without I/O.
///
/// The driver tells it what happened (`begin`, `bucketReady`, `statisticsReady`, `frameReceived`, what became of a
/// combination, that nothing came for a while) and carries out, in order, what `nextAction` gives. Received frames are
/// kept by the driver in numbered slots until an action names them, so sums are made in the tree's order whatever the
/// order of arrival. One machine serves one generation.
///
/// Nothing is allocated after the first step of the largest layout, as long as no frame is lost or damaged.
package struct AllReduceMachine: ~Copyable {
    /// Frames that were dropped, by reason.
    package struct DroppedFrameCounts: Sendable, Hashable {
        package var duplicate = 0
        package var earlierStep = 0
        package var earlierGeneration = 0
        package var otherJob = 0
        package var unknownSender = 0
        package var damaged = 0
    }

    /// So many damaged frames of one rank in one step are a fault of that rank, not of the network.
    package static let damagedFrameLimit = 16

    package let rank: Int
    package let job: JobIdentifier
    package let generation: UInt64
    /// The layout of the step that began last.
    package private(set) var layout: AllReduceLayout
    /// The step that began last; meaningless before the first `begin`.
    package private(set) var step: UInt64 = 0
    /// Whether a step has begun and `stepDone` was not yet given.
    package private(set) var isRunning = false
    package internal(set) var dropped = DroppedFrameCounts()

    let safeguards: Safeguards
    var hasBegun = false
    /// The step before, while its frames can still be sent again.
    var previous: (step: UInt64, layout: AllReduceLayout)?
    var slotIsFilled: [Bool] = []
    var chunkMissingCounts: [Int] = []
    var bucketIsReady: [Bool] = []
    var bucketOpenChunkCounts: [Int] = []
    var openBucketCount = 0
    var statisticsMissingCount = 0
    /// How often the inbox was found empty. Whoever asks for a frame that was sent after the last time has asked too early.
    var emptyInboxCount: UInt64 = 0
    /// How often before the step began.
    var beginMoment: UInt64 = 0
    /// How often before each chunk was summed here, each bucket and the statistics were ready; `notYet` until then.
    var chunkSummedMoments: [UInt64] = []
    var bucketReadyMoments: [UInt64] = []
    var statisticsReadyMoment = AllReduceMachine.notYet
    /// Damaged frames of each rank in this step.
    var damagedFrameCounts: [Int]
    var actions: [AllReduceAction] = []
    var nextActionIndex = 0

    static let notYet = UInt64.max

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
        damagedFrameCounts = Array(repeating: 0, count: layout.workerCount)
        reserve()
    }

    /// Begins a step. Offer the frames that came early again after this.
    ///
    /// - Parameters:
    ///   - step: higher than that of every step before; the same on every worker.
    ///   - layout: the layout of this step's batch, for the same rank and owners.
    /// - Precondition: the step before is done.
    package mutating func begin(step: UInt64, layout: AllReduceLayout) {
        precondition(!isRunning, "a step begins after the one before is done")
        precondition(!hasBegun || step > self.step, "step numbers rise")
        precondition(layout.rank == rank, "a layout belongs to one rank")
        previous = hasBegun ? (self.step, self.layout) : nil
        beginMoment = emptyInboxCount
        self.step = step
        self.layout = layout
        isRunning = true
        hasBegun = true
        reserve()
        reset()
        if layout.isLearner {
            for bucket in layout.plans.indices { finishBucketIfComplete(bucket) }
        }
        finishStepIfComplete()
    }

    /// The memory of the step before is used anew: its frames cannot be sent again.
    package mutating func forgetPreviousStep() {
        previous = nil
    }

    private mutating func reset() {
        slotIsFilled.removeAll(keepingCapacity: true)
        for _ in 0..<layout.slotCount { slotIsFilled.append(false) }
        chunkMissingCounts.removeAll(keepingCapacity: true)
        chunkSummedMoments.removeAll(keepingCapacity: true)
        for chunk in layout.chunks {
            chunkMissingCounts.append(chunk.slotCount)
            chunkSummedMoments.append(Self.notYet)
        }
        bucketIsReady.removeAll(keepingCapacity: true)
        bucketReadyMoments.removeAll(keepingCapacity: true)
        bucketOpenChunkCounts.removeAll(keepingCapacity: true)
        for chunks in layout.bucketChunks {
            // A learner has nothing to get ready.
            bucketIsReady.append(layout.isLearner)
            bucketReadyMoments.append(Self.notYet)
            bucketOpenChunkCounts.append(chunks.count)
        }
        openBucketCount = layout.plans.count
        statisticsMissingCount = layout.statisticsWidth > 0 ? layout.ownership.ownerCount : 0
        statisticsReadyMoment = Self.notYet
        for rank in damagedFrameCounts.indices { damagedFrameCounts[rank] = 0 }
        actions.removeAll(keepingCapacity: true)
        nextActionIndex = 0
    }

    private mutating func reserve() {
        slotIsFilled.reserveCapacity(layout.slotCount)
        chunkMissingCounts.reserveCapacity(layout.chunks.count)
        chunkSummedMoments.reserveCapacity(layout.chunks.count)
        bucketIsReady.reserveCapacity(layout.plans.count)
        bucketReadyMoments.reserveCapacity(layout.plans.count)
        bucketOpenChunkCounts.reserveCapacity(layout.plans.count)
        actions.reserveCapacity(layout.actionCapacity)
    }

    /// What to do next, or nil when there is nothing to do until something happens.
    package mutating func nextAction() -> AllReduceAction? {
        while nextActionIndex < actions.count {
            let action = actions[nextActionIndex]
            nextActionIndex += 1
            // The chunk turned out to be damaged: its sums are sent after the next combination.
            if case .sendResult(let chunk) = action, chunkSummedMoments[chunk] == Self.notYet { continue }
            return action
        }
        return nil
    }

    mutating func finishStepIfComplete() {
        guard isRunning, openBucketCount == 0, statisticsMissingCount == 0 else { return }
        isRunning = false
        actions.append(.stepDone)
    }
}
