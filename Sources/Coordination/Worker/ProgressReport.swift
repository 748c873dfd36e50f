/// What a worker reports of its computing: the heartbeat's progress, and rank 0's reduced steps.
struct ProgressReport {
    /// The content of the next heartbeat.
    private(set) var progress = Progress(generation: 0, completedSteps: 0, phase: .learning, counter: 0)
    private var reduced = ReducedSteps(generation: 0, firstStep: 0, steps: [])
    /// The last steps that were sent, without gaps: a coordinator that was lost may not have recorded them.
    private var sent = ReducedSteps(generation: 0, firstStep: 0, steps: [])
    private var repeatsReducedSteps = false
    /// The compute thread's counter at its last report.
    private var computeCounter: UInt64 = 0
    /// With this many complete steps progress is sent at once.
    private var threshold: UInt64 = 0

    var completedSteps: UInt64 { progress.completedSteps }
    var generation: UInt64 { progress.generation }

    /// Something was done: the coordinator sees that this worker is not stuck.
    mutating func advance() {
        progress.counter += 1
    }

    mutating func setPhase(_ phase: WorkerPhase) {
        progress.phase = phase
    }

    mutating func set(completedSteps: UInt64, phase: WorkerPhase) {
        progress.completedSteps = completedSteps
        progress.phase = phase
        progress.counter += 1
    }

    mutating func enter(_ view: View) {
        progress.generation = view.generation
        let late = reduced
        if !late.steps.isEmpty { keep(late) }
        let unrecorded = repeatsReducedSteps ? sent : late
        repeatsReducedSteps = false
        // A step that the view does again is reported again.
        let count = view.position.completedSteps - min(view.position.completedSteps, unrecorded.firstStep)
        reduced = ReducedSteps(
            generation: view.generation, firstStep: unrecorded.firstStep,
            steps: Array(unrecorded.steps.prefix(Int(clamping: count))))
        set(completedSteps: view.position.completedSteps, phase: .linking)
    }

    /// A grant reaches to `stepLimit`. The first step of a view is reported at once, because the coordinator measures
    /// how long a reconfiguration took; otherwise the middle of the grant.
    mutating func granted(stepLimit: UInt64, isFirst: Bool) {
        threshold = completedSteps + (isFirst ? 1 : Self.half(stepLimit - min(stepLimit, completedSteps)))
    }

    /// The compute thread's counter and speed, in any phase.
    mutating func note(counter: UInt64, microBatchNanoseconds: UInt64) {
        progress.microBatchNanoseconds = microBatchNanoseconds
        guard counter > computeCounter else { return }
        progress.counter += counter - computeCounter
        computeCounter = counter
    }

    /// The compute thread's place in the view. Returns whether progress is due now: in the middle and at the end of a
    /// grant, where a boundary may wait for it.
    mutating func note(
        completedSteps: UInt64, phase: WorkerPhase, measures: RunningMeasures?, stepLimit: UInt64
    ) -> Bool {
        if completedSteps > progress.completedSteps {
            progress.completedSteps = completedSteps
            progress.counter += 1
        }
        progress.phase = phase
        progress.measures = measures ?? progress.measures
        guard progress.completedSteps >= threshold else { return false }
        let ahead = stepLimit - min(stepLimit, progress.completedSteps)
        threshold = ahead > 0 ? progress.completedSteps + Self.half(ahead) : .max
        return true
    }

    private static func half(_ steps: UInt64) -> UInt64 { (steps + 1) / 2 }

    /// Adds a step. Returns the steps before it when they are not its neighbours or fill a message.
    mutating func add(_ reducedStep: ReducedStep, at step: UInt64) -> ReducedSteps? {
        let isNext = step == reduced.firstStep + UInt64(reduced.steps.count)
        let full = isNext && reduced.steps.count < WireLimits.reducedStepCount ? nil : takeReducedSteps()
        if reduced.steps.isEmpty { reduced.firstStep = step }
        reduced.steps.append(reducedStep)
        return full
    }

    /// The steps that were not sent yet; nil when there are none.
    mutating func takeReducedSteps() -> ReducedSteps? {
        guard !reduced.steps.isEmpty else { return nil }
        defer { reduced.steps = [] }
        keep(reduced)
        return reduced
    }

    /// Another coordinator leads: it gets the steps again with the next view.
    mutating func coordinatorChanged() {
        repeatsReducedSteps = true
    }

    private mutating func keep(_ report: ReducedSteps) {
        let end = sent.firstStep + UInt64(sent.steps.count)
        if sent.firstStep <= report.firstStep, report.firstStep <= end {
            sent.steps.removeLast(Int(end - report.firstStep))
            sent.steps += report.steps
        } else {
            sent = report
        }
        let surplus = max(0, sent.steps.count - WireLimits.reducedStepCount)
        sent.steps.removeFirst(surplus)
        sent.firstStep += UInt64(surplus)
    }
}

/// The ends of epochs that this worker knows of, by number: kept, because a successor may not have recorded them.
struct EpochReports {
    /// After this time without effect unrecorded epochs are sent again.
    static let repeatMilliseconds: UInt64 = 1000

    private var reports: [EpochEnded] = []
    private var lastSent: UInt64 = 0

    /// Adds an epoch. Returns whether it is to be sent: a state received from a peer reports past epochs once more,
    /// with less detail.
    mutating func add(_ ended: EpochEnded, now: UInt64) -> Bool {
        if let index = reports.firstIndex(where: { $0.epoch >= ended.epoch }) {
            guard reports[index].epoch > ended.epoch || reports[index].stateDigest == nil else { return false }
            if reports[index].epoch == ended.epoch { reports.remove(at: index) }
            reports.insert(ended, at: index)
        } else {
            reports.append(ended)
        }
        guard ended.stateDigest != nil else { return false }
        lastSent = now
        return true
    }

    /// The epochs after `epoch`, which are to be sent now.
    mutating func take(after epoch: UInt32, now: UInt64) -> [EpochEnded] {
        lastSent = now
        return reports.filter { $0.epoch > epoch }
    }

    /// Whether epochs after `epoch` have waited long enough to be sent again.
    func isRepetitionDue(after epoch: UInt32, now: UInt64) -> Bool {
        guard let last = reports.last else { return false }
        return last.epoch > epoch && now >= lastSent + Self.repeatMilliseconds
    }
}
