/// The all-reduce of one rank as a machine without I/O.
///
/// The driver tells it what happened (`begin`, `bucketReady`, `statisticsReady`, `frameReceived`) and carries out, in
/// order, what `nextAction` gives. Received frames are kept by the driver in numbered slots until an action names them,
/// so sums are made in the tree's order whatever the order of arrival. One machine serves one generation.
///
/// Nothing is allocated after the first step of the largest layout.
public struct AllReduceMachine: ~Copyable {
    /// Frames that were dropped, by reason.
    public struct DroppedFrameCounts: Sendable, Hashable {
        public var duplicate = 0
        public var earlierStep = 0
        public var earlierGeneration = 0
        public var otherJob = 0
    }

    public let rank: Int
    public let job: JobIdentifier
    public let generation: UInt64
    /// The layout of the step that began last.
    public private(set) var layout: AllReduceLayout
    /// The step that began last; meaningless before the first `begin`.
    public private(set) var step: UInt64 = 0
    /// Whether a step has begun and `stepDone` was not yet given.
    public private(set) var isRunning = false
    public internal(set) var dropped = DroppedFrameCounts()

    var hasBegun = false
    var slotIsFilled: [Bool] = []
    var chunkMissingCounts: [Int] = []
    var bucketIsReady: [Bool] = []
    var bucketOpenChunkCounts: [Int] = []
    var openBucketCount = 0
    var statisticsMissingCount = 0
    var actions: [AllReduceAction] = []
    var nextActionIndex = 0

    /// A machine that waits for its first step.
    public init(job: JobIdentifier, generation: UInt64, layout: AllReduceLayout) {
        rank = layout.rank
        self.job = job
        self.generation = generation
        self.layout = layout
        reserve()
    }

    /// Begins a step. Offer the frames that came early again after this.
    ///
    /// - Parameters:
    ///   - step: higher than that of every step before; the same on every worker.
    ///   - layout: the layout of this step's batch, for the same rank and owners.
    /// - Precondition: the step before is done.
    public mutating func begin(step: UInt64, layout: AllReduceLayout) {
        precondition(!isRunning, "a step begins after the one before is done")
        precondition(!hasBegun || step > self.step, "step numbers rise")
        precondition(layout.rank == rank, "a layout belongs to one rank")
        self.step = step
        self.layout = layout
        isRunning = true
        hasBegun = true
        reserve()
        slotIsFilled.removeAll(keepingCapacity: true)
        for _ in 0..<layout.slotCount { slotIsFilled.append(false) }
        chunkMissingCounts.removeAll(keepingCapacity: true)
        for chunk in layout.chunks { chunkMissingCounts.append(chunk.slotCount) }
        bucketIsReady.removeAll(keepingCapacity: true)
        bucketOpenChunkCounts.removeAll(keepingCapacity: true)
        for chunks in layout.bucketChunks {
            bucketIsReady.append(false)
            bucketOpenChunkCounts.append(chunks.count)
        }
        openBucketCount = layout.plans.count
        statisticsMissingCount = layout.statisticsWidth > 0 ? layout.workerCount : 0
        actions.removeAll(keepingCapacity: true)
        nextActionIndex = 0
        finishStepIfComplete()
    }

    private mutating func reserve() {
        slotIsFilled.reserveCapacity(layout.slotCount)
        chunkMissingCounts.reserveCapacity(layout.chunks.count)
        bucketIsReady.reserveCapacity(layout.plans.count)
        bucketOpenChunkCounts.reserveCapacity(layout.plans.count)
        actions.reserveCapacity(layout.actionCapacity)
    }

    /// What to do next, or nil when there is nothing to do until something happens.
    public mutating func nextAction() -> AllReduceAction? {
        guard nextActionIndex < actions.count else { return nil }
        nextActionIndex += 1
        return actions[nextActionIndex - 1]
    }

    /// Who is waited for: the first frame, in the order of the plan, that has not arrived. Nil when none is missing.
    public var firstMissing: MissingFrame? {
        guard isRunning else { return nil }
        for chunk in layout.chunks {
            if let source = chunk.source {
                if !slotIsFilled[chunk.firstSlot] {
                    return MissingFrame(rank: source, kind: .result, bucket: chunk.bucket)
                }
                continue
            }
            var ordinal = 0
            for root in layout.plans[chunk.bucket].roots where root.owner != rank {
                if !slotIsFilled[chunk.firstSlot + ordinal] {
                    return MissingFrame(rank: root.owner, kind: .contribution, bucket: chunk.bucket)
                }
                ordinal += 1
            }
        }
        guard layout.statisticsWidth > 0 else { return nil }
        for sender in 0..<layout.workerCount
        where sender != rank && !slotIsFilled[layout.firstStatisticsSlot + sender] {
            return MissingFrame(rank: sender, kind: .statistics, bucket: 0)
        }
        return nil
    }

    mutating func finishStepIfComplete() {
        guard isRunning, openBucketCount == 0, statisticsMissingCount == 0 else { return }
        isRunning = false
        actions.append(.stepDone)
    }
}
