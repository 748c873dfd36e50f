import Collectives
import Core
import Transport

/// Sums the gradients of all workers, step after step, for one generation: runs an `AllReduceMachine` over a transport.
///
/// Belongs to the compute thread, which sends as soon as a bucket is ready and receives without waiting in between:
/// nothing but libzmq's I/O thread works beside it. One step:
///
/// 1. `begin` gives the memory for this step's gradient roots (waiting until libzmq has sent what lies there),
/// 2. `bucketReady` for each bucket, in any order, once its roots are computed; `statisticsReady` likewise,
/// 3. `finish` waits for the rest; then `sum` has the undivided sum of every element and `statistics` those of all
///    micro-batches, equal on every worker.
///
/// A worker that waits in `finish` and gets nothing for `resendMilliseconds` asks the others for the frames that are missing;
/// damaged frames are asked for at once. Whoever is asked sends the frame again, for the step at hand or the one before it.
///
/// Failures of `bucketReady` and `statisticsReady` are kept and thrown by `finish`. After an error other than
/// `interrupted` and `missing` the driver is given up together with its generation.
/// Nothing is allocated by Swift code after the first step of each kind; libzmq allocates a record a message.
final class AllReduceDriver<Transport: FrameTransport> {
    /// What a driver is told at the begin of a generation.
    struct Configuration: Sendable {
        var job: JobIdentifier
        var generation: UInt64
        var rank: Int
        var ownership: Ownership
        /// The elements of each bucket in the arena; they do not overlap.
        var buckets: [Range<Int>]
        /// Floats of one root and of the sum. What lies in no bucket, such as a frozen layer, stays zero.
        var elementCount: Int
        /// Doubles exchanged for each micro-batch; 0 for none.
        var statisticsWidth: Int
        /// How long nothing may come before missing frames are asked for; doubled with each question, up to ten times as long.
        var resendMilliseconds: Int

        init(
            job: JobIdentifier, generation: UInt64, rank: Int, ownership: Ownership, buckets: [Range<Int>],
            elementCount: Int? = nil, statisticsWidth: Int, resendMilliseconds: Int = 200
        ) {
            self.job = job
            self.generation = generation
            self.rank = rank
            self.ownership = ownership
            self.buckets = buckets
            let bucketEnd = buckets.map(\.upperBound).max() ?? 0
            precondition(elementCount ?? bucketEnd >= bucketEnd, "a bucket ends beyond the arena")
            self.elementCount = elementCount ?? bucketEnd
            self.statisticsWidth = statisticsWidth
            self.resendMilliseconds = resendMilliseconds
        }

        /// Whether this worker's one root is the sum.
        var isSoleOwner: Bool { ownership.ownerCount == 1 && rank == 0 }
    }

    let configuration: Configuration
    let transport: Transport
    let arithmetic: AllReduceArithmetic
    let held: HeldFrames
    let arenas: GradientArenas
    let slots: FrameStore
    let blocks: CombineBlocks
    /// The header of the pending frame, then that of an answer or a question, which never waits.
    let headerBytes: UnsafeMutableRawPointer
    /// Statistics of two steps in turn.
    let statisticsMemory: UnsafeMutablePointer<Double>
    let statisticsCount: Int
    var layouts: [AllReduceLayout] = []
    var machine: AllReduceMachine
    /// Which of the two memories is in use: that of the step that was reserved last.
    var parity = 0
    /// The memory of the step that began last.
    var stepParity = 0
    /// Frames that were of use.
    var keptFrameCount = 0
    /// Gets the questions about steps of another exchange of this worker.
    var answersElsewhere: ((FrameHeader) -> Void)?
    /// Whether the step that began last is complete.
    var isStepDone = true
    var failure: AllReduceError?
    var pending: PendingSend?
    var resultChecksums: [UInt32] = []

    /// `transport` is connected to all other workers of the generation; `held` has the frames that came early and stays
    /// with the inbox over generations.
    ///
    /// - Precondition: the rank is one of the ownership's; `held` has room for the frames of one step.
    init(
        _ configuration: Configuration, transport: Transport, held: HeldFrames, arithmetic: AllReduceArithmetic
    ) {
        self.configuration = configuration
        self.transport = transport
        self.held = held
        self.arithmetic = arithmetic
        let ownership = configuration.ownership
        // With as many samples as micro-batches none is empty: no layout has more roots, frames or scratch.
        let full = AllReduceLayout(
            rank: configuration.rank, ownership: ownership, batchSize: ownership.microBatchCount,
            bucketElementCounts: configuration.buckets.map(\.count), statisticsWidth: configuration.statisticsWidth)
        layouts.append(full)
        machine = AllReduceMachine(job: configuration.job, generation: configuration.generation, layout: full)
        arenas = GradientArenas(elementCount: configuration.elementCount, rootCount: full.program.roots.count)
        // Batches with empty micro-batches may add a frame that says no more than that its sender takes part.
        slots = FrameStore(capacity: full.slotCount + (full.statisticsWidth == 0 ? ownership.ownerCount : 0))
        blocks = CombineBlocks(scratchCount: full.plans.map(\.schedule.scratchCount).max() ?? 0)
        headerBytes = .allocate(byteCount: 2 * FrameHeader.byteCount, alignment: 64)
        statisticsCount = ownership.microBatchCount * max(1, configuration.statisticsWidth)
        statisticsMemory = .allocate(capacity: 2 * statisticsCount)
        statisticsMemory.initialize(repeating: 0, count: 2 * statisticsCount)
        resultChecksums.reserveCapacity(full.chunks.count)
        precondition(held.capacity >= full.frameCountReceived, "early frames of one step can be held")
    }

    deinit {
        headerBytes.deallocate()
        statisticsMemory.deallocate()
    }

    /// Floats from one gradient root to the next.
    var rootStride: Int { arenas.rootStride }

    /// This step's gradient roots: root `r`, element `i` is at `gradient[r * rootStride + i]`.
    var gradient: UnsafeMutablePointer<Float> { arenas.gradient(parity) }

    /// The sums over all micro-batches, valid from `finish` to the second `begin` after it.
    var sum: UnsafeMutablePointer<Float> { sum(parity) }

    func sum(_ parity: Int) -> UnsafeMutablePointer<Float> {
        configuration.isSoleOwner ? arenas.gradient(parity) : arenas.sum(parity)
    }

    /// The statistics: value `k` of micro-batch `m` at `[m * statisticsWidth + k]`. The caller writes those of its own
    /// micro-batches after `begin` and before `statisticsReady`; those of all are there after `finish`.
    var statistics: UnsafeMutablePointer<Double> { statistics(parity) }

    func statistics(_ parity: Int) -> UnsafeMutablePointer<Double> { statisticsMemory + parity * statisticsCount }

    /// What this worker sums by itself in the step that began last.
    var program: LocalProgram { machine.layout.program }

    func layout(batchSize: Int) -> AllReduceLayout {
        let ownership = configuration.ownership
        let occupied = MicroBatches(sampleCount: batchSize, count: ownership.microBatchCount).occupied
        if let known = layouts.first(where: { $0.occupied == occupied }) { return known }
        let layout = AllReduceLayout(
            rank: configuration.rank, ownership: ownership, batchSize: batchSize,
            bucketElementCounts: configuration.buckets.map(\.count), statisticsWidth: configuration.statisticsWidth)
        layouts.append(layout)
        return layout
    }
}
