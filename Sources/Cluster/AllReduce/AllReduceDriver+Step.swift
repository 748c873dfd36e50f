import Collectives
import Core
import Transport

extension AllReduceDriver {
    /// Begins a step: waits until its gradient memory is free, and takes the frames that came early.
    ///
    /// `step` is the same on every worker and higher than every one before; `batchSize` counts the samples of all
    /// workers, at least 1. Throws `buffersInUse` when libzmq has not sent the step before the last by the deadline.
    func begin(step: UInt64, batchSize: Int, deadline: Deadline) throws(AllReduceError) {
        try reserve(deadline: deadline)
        start(step: step, batchSize: batchSize)
    }

    /// Turns to the gradient memory of the next step, and waits until it is free. The step is begun by `start`.
    func reserve(deadline: Deadline) throws(AllReduceError) {
        if let failure { throw failure }
        let begun = MonotonicTime.now.nanoseconds
        while !arenas.isIdle(1 - parity) {
            guard !deadline.hasPassed else {
                throw .buffersInUse(milliseconds: Int((MonotonicTime.now.nanoseconds - begun) / 1_000_000))
            }
            ThreadScheduling.yield()
        }
        machine.forgetPreviousStep()
        parity = 1 - parity
    }

    /// Begins the step whose memory was reserved: from now on frames are taken for it.
    func start(step: UInt64, batchSize: Int) {
        isStepDone = false
        stepParity = parity
        machine.inboxFoundEmpty(times: held.emptyInboxCount)
        machine.begin(step: step, layout: layout(batchSize: batchSize))
        if machine.layout.statisticsAreAttendance { machine.statisticsReady() }
        resultChecksums.removeAll(keepingCapacity: true)
        for _ in 0..<machine.layout.chunks.count { resultChecksums.append(0) }
        if held.count > 0 { offerHeldFrames() }
        keepFailure { () throws(AllReduceError) in _ = try progress() }
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

    func keepFailure(_ body: () throws(AllReduceError) -> Void) {
        guard failure == nil else { return }
        do {
            try body()
        } catch {
            failure = error
        }
    }

    /// Waits until every sum has arrived.
    ///
    /// Throws `missing` or `notTaken` with the rank when the deadline passes, `interrupted` as soon as the interrupt
    /// event is signalled, `linkLost` when a connection ends while something is missing. A learner that lost frames which
    /// nobody has any more throws `missing` without waiting for the deadline.
    func finish(deadline: Deadline) throws(AllReduceError) {
        if let failure { throw failure }
        let begun = MonotonicTime.now.nanoseconds
        var clock = ResendClock(firstMilliseconds: configuration.resendMilliseconds, keptFrameCount: keptFrameCount)
        var idleCount = 0
        while !isStepDone {
            switch try progress() {
            case .moved: idleCount = 0
            case .idle where idleCount < AllReduceTuning.spinCount:
                idleCount += 1
                ThreadScheduling.yield()
            case .idle, .blocked, .flooded:
                clock.note(keptFrameCount: keptFrameCount)
                try wait(begun: begun, deadline: deadline, &clock)
            }
        }
    }

    private func wait(begun: Int64, deadline: Deadline, _ clock: inout ResendClock) throws(AllReduceError) {
        let asksFirst = clock.moment.moment < deadline.moment
        let outcome: WaitOutcome
        do {
            outcome = try transport.wait(
                untilSendingTo: pending?.nextRank, deadline: asksFirst ? clock.moment : deadline)
        } catch {
            throw fail(.transport(error))
        }
        switch outcome {
        case .ready:
            // Frames that are of no use may come for ever.
            if deadline.hasPassed, pending != nil || machine.firstMissing != nil { throw overdue(begun: begun) }
        case .interrupted: throw .interrupted
        // Nobody waits for a learner.
        case .linkLost(let rank) where configuration.ownership.isLearner(rank): return
        case .linkLost(let rank): throw fail(.linkLost(rank: rank))
        case .timedOut where asksFirst:
            if isLeftBehind { throw overdue(begun: begun) }
            machine.askAgain()
            clock.asked()
        case .timedOut: throw overdue(begun: begun)
        }
    }

    /// Whether this worker learns and the others have gone on without it: what it misses comes no more.
    private var isLeftBehind: Bool {
        guard machine.layout.isLearner, let missing = machine.firstMissing else { return false }
        return held.isFarAhead(missing.rank, generation: configuration.generation, step: machine.step)
    }

    private func overdue(begun: Int64) -> AllReduceError {
        let milliseconds = Int((MonotonicTime.now.nanoseconds - begun) / 1_000_000)
        if let pending { return .notTaken(rank: pending.nextRank, milliseconds: milliseconds) }
        guard let missing = machine.firstMissing else {
            preconditionFailure("a step waits for the network only when a frame is missing")
        }
        return .missing(missing, milliseconds: milliseconds)
    }

    func fail(_ error: AllReduceError) -> AllReduceError {
        failure = error
        return error
    }
}
