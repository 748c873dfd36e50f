import Collectives
import Core
import Transport

/// Sums the gradients of all workers, step after step, for one generation: runs an `AllReduceMachine` over a transport.
///
/// Belongs to the compute thread, which sends as soon as a bucket is ready and receives in between without waiting: no
/// other thread works beside it but the transport's own. One step:
///
/// 1. `begin` provides the memory for this step's gradient roots, after the transport has sent what was in it;
/// 2. `bucketReady` for each bucket, in any order, when its roots are computed; `statisticsReady` likewise;
/// 3. `finish` waits for the rest. Then `sum` has the undivided sum of every element and `statistics` those of all
///    micro-batches, equal on every worker.
///
/// A worker that waits in `finish` and receives nothing useful for `resendMilliseconds` requests the missing frames;
/// damaged frames are requested at once. A rank answers requests for the step that started last and for the one before
/// it.
///
/// Failures of `bucketReady` and `statisticsReady` are kept and thrown by `finish`. After an error other than
/// `interrupted`, `missing` and `notTaken` the driver is unusable, and so is its generation.
/// Swift code allocates nothing after the first step of each kind; libzmq allocates a record a message.
final class AllReduceDriver<Transport: FrameTransport> {
    typealias Configuration = AllReduceConfiguration

    let configuration: Configuration
    /// Receives the requests about steps of another exchange of this worker.
    var answersElsewhere: ((FrameLabel) -> Void)?
    private let transport: Transport
    private let held: HeldFrames
    private let memory: StepMemory
    private let sums: ChunkSums
    private let sender: FrameSender<Transport>
    private var layouts: [AllReduceLayout]
    private var machine: AllReduceMachine
    /// Frames that were kept in a slot.
    private var keptFrameCount = 0
    /// Whether the step that started last is complete.
    private var isStepDone = true
    private var failure: AllReduceError?

    /// The most frames taken in one call; more than the other workers of a full view send in a step.
    private static var frameCountAtOnce: Int { 1 << 14 }

    /// `transport` is connected to all other workers of the generation; `held` has the frames that arrived early and
    /// stays with the inbox across generations; `add` adds vectors.
    ///
    /// - Precondition: the rank is one of the ownership's; `held` has room for the frames of one step.
    init(
        _ configuration: Configuration, transport: Transport, held: HeldFrames, add: @escaping VectorAddition
    ) {
        self.configuration = configuration
        self.transport = transport
        self.held = held
        let ownership = configuration.ownership
        // With as many samples as micro-batches none is empty: no layout has more roots, frames or scratch.
        let full = configuration.layout(batchSize: ownership.microBatchCount)
        layouts = [full]
        machine = AllReduceMachine(job: configuration.job, generation: configuration.generation, layout: full)
        memory = StepMemory(
            elementCount: configuration.arenaElementCount, rootCount: full.program.roots.count,
            gatheredRootCount: full.gatheredRoots.count,
            statisticsCount: ownership.microBatchCount * max(1, configuration.statisticsWidth),
            sumIsRoot: configuration.isSoleOwner, allocate: transport.makeMemory)
        sums = ChunkSums(
            configuration, largestLayout: full, memory: memory,
            shown: configuration.readsSumsInPlace ? ShownSums(transport) : nil, add: add)
        sender = FrameSender(transport, ownership: ownership)
        precondition(held.capacity >= full.frameCountReceived, "early frames of one step can be held")
    }

    // MARK: Memory

    /// Floats from one gradient root to the next.
    var rootStride: Int { memory.rootStride }

    /// This step's gradient roots: root `r`, element `i` is at `gradient[r * rootStride + i]`.
    var gradient: UnsafeMutablePointer<Float> { memory.gradient }

    /// The sums over all micro-batches, valid from `finish` to the second `begin` after it; to the first where sums are
    /// read in place, since then a peer may start the second step after.
    var sum: UnsafeMutablePointer<Float> { memory.sum }

    /// The statistics: value `k` of micro-batch `m` at `[m * statisticsWidth + k]`. The caller writes those of its own
    /// micro-batches between `begin` and `statisticsReady`; after `finish` those of all are there.
    var statistics: UnsafeMutablePointer<Double> { memory.statistics }

    /// The local program of the step that started last.
    var program: LocalProgram { machine.layout.program }

    /// Whether the transport has sent everything that it took.
    var isMemoryIdle: Bool { memory.isIdle }

    /// Frames that were dropped, by reason.
    var dropped: AllReduceMachine.DroppedFrameCounts { machine.dropped }

    // MARK: A step

    /// Starts a step: waits until its gradient memory is free, and takes the frames that arrived early.
    ///
    /// `step` is the same on every worker and higher than every one before; `batchSize` counts the samples of all
    /// workers, at least 1. Throws `buffersInUse` when the transport has not sent the step before the last by the
    /// deadline.
    func begin(step: UInt64, batchSize: Int, deadline: Deadline) throws(AllReduceError) {
        try reserve(deadline: deadline)
        start(step: step, batchSize: batchSize)
    }

    /// Turns to the gradient memory of the next step, and waits until it is free. `start` starts that step.
    /// Throws `buffersInUse`, `interrupted` or `linkLost`.
    func reserve(deadline: Deadline) throws(AllReduceError) {
        if let failure { throw failure }
        let begun = MonotonicTime.now
        while !memory.canReserve {
            transport.collectReleases()
            guard !deadline.hasPassed else { throw .buffersInUse(milliseconds: begun.elapsedMilliseconds) }
            _ = try waitOutcome(untilSendingTo: nil, deadline: Deadline(afterMilliseconds: 0))
            ThreadScheduling.yield()
        }
        machine.forgetPreviousStep()
        memory.reserve()
    }

    /// Starts the step whose memory was reserved: from now on frames are taken for it.
    func start(step: UInt64, batchSize: Int) {
        isStepDone = false
        memory.start()
        machine.inboxFoundEmpty(times: held.emptyInboxCount)
        machine.begin(step: step, layout: layout(batchSize: batchSize))
        if machine.layout.statisticsAreAttendance { machine.statisticsReady() }
        sums.begin(machine.layout)
        if held.count > 0 { offerHeldFrames() }
        keepFailure { () throws(AllReduceError) in _ = try progress() }
    }

    private func layout(batchSize: Int) -> AllReduceLayout {
        let count = configuration.ownership.microBatchCount
        let occupiedCount = MicroBatches(sampleCount: batchSize, count: count).occupiedCount
        if let known = layouts.first(where: { $0.occupiedCount == occupiedCount }) { return known }
        layouts.append(configuration.layout(batchSize: batchSize))
        return layouts[layouts.count - 1]
    }

    /// All roots of a bucket are computed: sends them, and takes what has arrived. Never waits.
    func bucketReady(_ bucket: Int) {
        machine.bucketReady(bucket)
        keepFailure { () throws(AllReduceError) in _ = try progress() }
    }

    /// The statistics of this worker's micro-batches are written: sends them. Never waits.
    func statisticsReady() {
        machine.statisticsReady()
        keepFailure { () throws(AllReduceError) in _ = try progress() }
    }

    /// Waits until every sum has arrived.
    ///
    /// Throws `missing` or `notTaken` with the rank when the deadline passes, `interrupted` as soon as the interrupt
    /// event is signalled, `linkLost` when a connection ends while a frame is missing. A learner whose missing frames
    /// no rank has any more throws `missing` without waiting for the deadline.
    func finish(deadline: Deadline) throws(AllReduceError) {
        if let failure { throw failure }
        let begun = MonotonicTime.now
        var clock = ResendClock(firstMilliseconds: configuration.resendMilliseconds, keptFrameCount: keptFrameCount)
        while !isStepDone {
            let result = try recordingFailure { () throws(AllReduceError) in try progress() }
            guard !isStepDone, result != .moved else { continue }
            clock.note(keptFrameCount: keptFrameCount)
            try wait(since: begun, deadline: deadline, &clock)
        }
    }

    private func wait(since begun: MonotonicTime, deadline: Deadline, _ clock: inout ResendClock) throws(AllReduceError)
    {
        let requestsFirst = clock.next.moment < deadline.moment
        let outcome = try waitOutcome(
            untilSendingTo: sender.blockedRank, deadline: requestsFirst ? clock.next : deadline)
        switch outcome {
        case .ready:
            // Useless frames may arrive without end.
            if deadline.hasPassed, sender.blockedRank != nil || machine.firstMissing != nil {
                throw overdue(since: begun)
            }
        case .interrupted, .linkLost: return
        case .timedOut where requestsFirst:
            if isLeftBehind { throw overdue(since: begun) }
            machine.askAgain()
            clock.noteRequest()
        case .timedOut: throw overdue(since: begun)
        }
    }

    /// Waits for the transport. Throws for an interrupt, and for a lost link to any rank but a learner: no rank
    /// waits for a learner.
    private func waitOutcome(untilSendingTo rank: Int?, deadline: Deadline) throws(AllReduceError) -> WaitOutcome {
        let outcome = try recordingFailure { () throws(AllReduceError) in
            do throws(TransportError) {
                return try transport.wait(untilSendingTo: rank, deadline: deadline)
            } catch {
                throw .transport(error)
            }
        }
        switch outcome {
        case .interrupted: throw .interrupted
        case .linkLost(let lost) where !configuration.ownership.isLearner(lost):
            failure = .linkLost(rank: lost)
            throw .linkLost(rank: lost)
        case .ready, .timedOut, .linkLost: return outcome
        }
    }

    /// Whether this worker is a learner whose missing frames their sender no longer has.
    private var isLeftBehind: Bool {
        guard machine.layout.isLearner, let missing = machine.firstMissing else { return false }
        return held.isFarAhead(missing.rank, generation: configuration.generation, step: machine.step)
    }

    private func overdue(since begun: MonotonicTime) -> AllReduceError {
        let milliseconds = begun.elapsedMilliseconds
        if let rank = sender.blockedRank { return .notTaken(rank: rank, milliseconds: milliseconds) }
        guard let missing = machine.firstMissing else {
            preconditionFailure("a step waits for the network only when a frame is missing")
        }
        return .missing(missing, milliseconds: milliseconds)
    }

    /// Runs `body` unless there was a failure, and keeps its failure.
    private func keepFailure(_ body: () throws(AllReduceError) -> Void) {
        guard failure == nil else { return }
        do {
            try body()
        } catch {
            failure = error
        }
    }

    /// Runs `body`; its failure makes the driver unusable.
    private func recordingFailure<Result>(_ body: () throws(AllReduceError) -> Result) throws(AllReduceError) -> Result
    {
        do {
            return try body()
        } catch {
            failure = error
            throw error
        }
    }

    // MARK: Between steps

    /// Takes what has arrived while no step runs: answers requests and holds the frames that arrive early. Never waits.
    /// The next `begin` throws a failure.
    func serve() {
        var rest = Self.frameCountAtOnce
        keepFailure { () throws(AllReduceError) in
            _ = try progress(isQuick: false)
            while isStepDone, rest > 0, try receiveOne(isQuick: false) { rest -= 1 }
        }
        // After a failure the frames of the next generation are still held.
        while failure != nil, rest > 0, (try? receiveOne(isQuick: false)) == true { rest -= 1 }
        if rest > 0 { noteEmptyInbox() }
    }

    /// Sends the frame that a request names if this driver has sent it before; false when it does not have its step.
    func answer(_ request: FrameLabel) -> Bool {
        machine.inboxFoundEmpty(times: held.emptyInboxCount)
        guard case .answer(let answer) = machine.frameReceived(request, isWhole: true) else { return false }
        keepFailure { () throws(AllReduceError) in try send(answer) }
        return true
    }

    // MARK: Progress

    /// What one round of work did.
    private enum Progress {
        /// A frame was received or an action carried out.
        case moved
        /// Nothing to do until a frame arrives.
        case idle
        /// A frame is pending until its link can take it.
        case blocked
        /// More frames arrive than are taken at once.
        case flooded
    }

    /// Carries out all actions and takes all frames that have arrived; never waits. With `isQuick` frames that take a
    /// system call to find are left to the next wait.
    private func progress(isQuick: Bool = true) throws(AllReduceError) -> Progress {
        var result = Progress.idle
        for _ in 0..<Self.frameCountAtOnce {
            if try runActions() == .moved { result = .moved }
            guard !isStepDone else { return result }
            guard try receiveOne(isQuick: isQuick) else {
                noteEmptyInbox()
                return result == .idle && sender.blockedRank != nil ? .blocked : result
            }
            result = .moved
        }
        return .flooded
    }

    /// Carries out actions until there are none or a link is full.
    private func runActions() throws(AllReduceError) -> Progress {
        var result = Progress.idle
        if sender.blockedRank != nil {
            guard try sender.sendPending() else { return .blocked }
            result = .moved
        }
        while let action = machine.nextAction() {
            result = .moved
            switch action {
            case .sendContribution(let bucket, let elements, let root, let node, let destination):
                let payload = memory.contribution(
                    root, elements: configuration.arenaRange(bucket, elements), of: .latest)
                let label = label(.contribution, bucket: bucket, elements: elements, node: node)
                guard try send(label, payload, to: destination) else { return .blocked }
            case .sendSums(let chunk):
                guard try sendSums(chunk) else { return .blocked }
            case .sendStatistics:
                let receivers = machine.layout.statisticsReceivers
                guard try sendStatistics(.statistics, of: configuration.rank, to: receivers) else { return .blocked }
            case .relayStatistics(let owner):
                let receivers = machine.layout.relayReceivers
                guard try sendStatistics(.relayedStatistics, of: owner, to: receivers) else { return .blocked }
            case .request(let request):
                try send(request)
            case .combine(let chunk):
                let damaged = sums.combine(chunk, machine.layout, takesChecksum: sendsChecksum(of: chunk))
                if damaged.isEmpty { machine.chunkSummed(chunk) }
                for ordinal in damaged { try check(machine.frameDamaged(chunk: chunk, ordinal: ordinal)) }
            case .copyResult(let chunk):
                if sums.copyResult(chunk, machine.layout) {
                    machine.chunkSummed(chunk)
                } else {
                    try check(machine.frameDamaged(chunk: chunk, ordinal: 0))
                }
            case .takeStatistics(let slot, let owner):
                if sums.takeStatistics(slot, of: owner, machine.layout) {
                    machine.statisticsTaken(of: owner)
                } else {
                    try check(machine.statisticsDamaged(of: owner))
                }
            case .bucketDone:
                break
            case .stepDone:
                isStepDone = true
            }
        }
        return result
    }

    private func check(_ fault: PeerFault?) throws(AllReduceError) {
        if let fault { throw .peerFault(fault) }
    }

    // MARK: Receiving

    /// Takes one frame; false when none has arrived.
    private func receiveOne(isQuick: Bool) throws(AllReduceError) -> Bool {
        let frame: ReceivedFrame?
        do {
            frame = isQuick ? try transport.receiveQuickly() : try transport.receive()
        } catch {
            throw .transport(error)
        }
        guard let frame else { return false }
        try accept(frame)
        return true
    }

    private func noteEmptyInbox() {
        held.noteEmptyInbox()
        machine.inboxFoundEmpty(times: held.emptyInboxCount)
    }

    private func accept(_ frame: consuming ReceivedFrame) throws(AllReduceError) {
        let decoded = withUnsafeBytes(of: frame.header) { try? FrameHeader(decoding: $0) }
        guard let header = decoded else { return }
        switch machine.frameReceived(header.label, isWhole: header.payloadByteCount == frame.payload.bytes.count) {
        case .keep(let slot):
            keptFrameCount &+= 1
            sums.slots.store(frame, in: slot, checksum: header.payloadChecksum)
        case .answer(let answer): try send(answer)
        case .elsewhere: answersElsewhere?(header.label)
        case .early: held.hold(header, frame)
        case .drop: break
        case .refuse(let fault): throw .peerFault(fault)
        }
    }

    /// Offers the held frames to a step that has just started.
    private func offerHeldFrames() {
        // Frames are held in the first places: the rest of a long store is not read.
        var (place, remaining) = (0, held.count)
        while remaining > 0 {
            defer { place += 1 }
            guard let label = held.label(at: place) else { continue }
            remaining -= 1
            switch machine.frameReceived(label, isWhole: held.isWhole(at: place)) {
            case .keep(let slot): held.move(place, to: sums.slots, slot: slot)
            case .early: break
            case .drop, .answer, .elsewhere: held.drop(place)
            case .refuse(let fault):
                held.drop(place)
                failure = .peerFault(fault)
            }
        }
    }

    // MARK: Sending

    /// Sends the sums of a chunk to its receivers; false when a link is full, and the frame is then pending.
    private func sendSums(_ index: Int) throws(AllReduceError) -> Bool {
        let (label, payload) = frame(ofSums: index)
        let receivers = machine.layout.chunks[index].receivers
        return try send(label, payload, checksum: sums.checksum(index), to: .ranks(receivers))
    }

    /// The frame with the sums of a chunk: a gathered root or a result.
    private func frame(ofSums index: Int) -> (label: FrameLabel, payload: UnsafeRawBufferPointer) {
        let layout = machine.layout
        let chunk = layout.chunks[index]
        let elements = configuration.arenaRange(chunk.bucket, chunk.elements)
        guard case .gather(let root) = chunk.work else {
            return (
                label(.result, bucket: chunk.bucket, elements: chunk.elements),
                memory.result(elements: elements, of: .latest)
            )
        }
        let node = layout.gatheredRoots[root].node
        return (
            label(.contribution, bucket: chunk.bucket, elements: chunk.elements, node: node),
            memory.contribution(layout.vector(ofGatheredRoot: root), elements: elements, of: .latest)
        )
    }

    /// Sends an owner's statistics; false when a link is full, and the frame is then pending.
    private func sendStatistics(
        _ kind: FrameKind, of owner: Int, to receivers: [Int]
    ) throws(AllReduceError) -> Bool {
        let places = configuration.statistics(of: owner, width: machine.layout.statisticsWidth)
        let payload = memory.statistics(places, of: .latest)
        let label = label(
            kind, bucket: 0, elements: 0..<places.count, node: kind == .relayedStatistics ? owner : 0)
        return try send(label, payload, to: .ranks(receivers))
    }

    /// Sends a frame of this step; false when a link is full, and the frame is then pending.
    private func send(
        _ label: FrameLabel, _ payload: UnsafeRawBufferPointer, checksum: UInt32? = nil,
        to destination: AllReduceAction.Destination
    ) throws(AllReduceError) -> Bool {
        let payloadChecksum =
            sender.isTrusted(payload, by: destination) ? 0 : checksum ?? CRC32C.checksum(payload)
        let header = FrameHeader(label, payloadChecksum: payloadChecksum)
        return try sender.send(header, payload, counter: memory.counter(.latest), to: destination)
    }

    /// Whether a receiver of the sums of a chunk compares their checksum.
    private func sendsChecksum(of index: Int) -> Bool {
        let receivers = machine.layout.chunks[index].receivers
        return !receivers.isEmpty && !sender.isTrusted(frame(ofSums: index).payload, by: .ranks(receivers))
    }

    /// Requests a missing frame. When the link is full the frame is requested again later.
    private func send(_ request: FrameRequest) throws(AllReduceError) {
        var label = label(.resend, bucket: request.bucket, elements: request.elements, node: request.node)
        label.requestedKind = request.kind
        try sender.sendOrDrop(
            FrameHeader(label, payloadChecksum: 0), UnsafeRawBufferPointer(start: nil, count: 0),
            counter: memory.counter(.latest), to: request.rank)
    }

    /// Sends a frame once more. When the link is full the receiver requests the frame again.
    private func send(_ answer: FrameAnswer) throws(AllReduceError) {
        let step = answer.isOfPreviousStep ? StepMemory.Step.previous : .latest
        let payload =
            switch answer.kind {
            case .contribution:
                memory.contribution(
                    answer.rootIndex, elements: configuration.arenaRange(answer.bucket, answer.elements), of: step)
            case .result: memory.result(elements: configuration.arenaRange(answer.bucket, answer.elements), of: step)
            case .statistics, .relayedStatistics, .resend:
                memory.statistics(
                    configuration.statistics(
                        of: answer.kind == .relayedStatistics ? answer.node : configuration.rank,
                        width: machine.layout.statisticsWidth), of: step)
            }
        var label = label(answer.kind, bucket: answer.bucket, elements: answer.elements, node: answer.node)
        label.step = answer.step
        try sender.sendOrDrop(
            FrameHeader(label, payloadChecksum: CRC32C.checksum(payload)), payload, counter: memory.counter(step),
            to: answer.rank)
    }

    private func label(_ kind: FrameKind, bucket: Int, elements: Range<Int>, node: Int = 0) -> FrameLabel {
        configuration.label(kind, step: machine.step, bucket: bucket, elements: elements, node: node)
    }
}
