/// Ends that are not planned: a signal, or a failure that waits until the furthest state is saved. It decides what
/// follows, and the machine does it.
struct EarlyEnd {
    /// What the machine has to do.
    enum Decision: Equatable {
        case nothing
        /// The workers stop at the end of their grant, and rank 0 sends its state.
        case stop(signal: Int32)
        /// The workers quiesce, so that the furthest of their states can be saved.
        case quiesce
        /// The step in flight takes too long: the workers quiesce without it.
        case giveUpStep
        /// Workers of an earlier coordinator may be about to attach.
        case awaitStates
        /// The furthest state of the workers that have quiesced is saved.
        case saveState
        /// No worker holds a state that is not saved.
        case endSaved
        /// The run ends at once. Work since the last checkpoint is lost.
        case endUnsaved
        /// The run ends already: the processes that are left are ended at once.
        case finish
    }

    /// What a decision depends on.
    struct Situation {
        var phase: CoordinatorMachine.Phase
        /// Whether workers hold, or may hold, a state that is not the run's first one.
        var mayHaveStates: Bool
        /// Whether an owner has not reached the limit of a stop.
        var hasUnfinishedOwner: Bool
    }

    private let graceMilliseconds: UInt64
    private var request: StopRequest?
    /// Why the run ends once the furthest state is saved.
    private(set) var failure: RunFailure?

    init(graceMilliseconds: UInt64) {
        self.graceMilliseconds = graceMilliseconds
    }

    /// Whether a signal asked for the end.
    var isRequested: Bool { request != nil }

    /// Whether states at rest are saved instead of being continued.
    var savesStates: Bool { request != nil || failure != nil }

    /// How a run ends that a signal interrupted; nil where none did.
    func outcome(savedSteps: UInt64, isSaved: Bool) -> Outcome? {
        request.map { .interrupted(signal: $0.signal, completedSteps: savedSteps, saved: isSaved) }
    }

    // MARK: Events

    /// A signal of this process. A second SIGINT ends the run at once.
    mutating func interrupt(signal: Int32, in situation: Situation, now: UInt64) -> Decision {
        guard let request else { return stop(signal: signal, in: situation, now: now) }
        guard request.isOverruled(by: signal, now: now) else { return .nothing }
        return situation.phase.isEnding ? .finish : .endUnsaved
    }

    /// A signal asks for the end, once the furthest state is saved. Only the first request counts.
    mutating func stop(signal: Int32, in situation: Situation, now: UInt64) -> Decision {
        guard request == nil else { return .nothing }
        request = StopRequest(signal: signal, graceMilliseconds: graceMilliseconds, now: now)
        switch situation.phase {
        case .training: return .stop(signal: signal)
        case .linking, .auditing: return .quiesce
        case .waitingForWorkers: return .saveState
        case .gathering where situation.mayHaveStates: return .awaitStates
        case .gathering, .preparing: return .endSaved
        // The states are on their way already, or are about to be.
        case .reconfiguring, .rescuing, .comparing, .ending, .over: return .nothing
        }
    }

    /// The run has to end with this failure. Only the first one counts.
    mutating func fail(with failure: RunFailure) {
        self.failure = self.failure ?? failure
    }

    /// Time passed. After half of the grace time a long step is given up, and after three quarters the workers that
    /// have not quiesced are.
    func check(_ situation: Situation, now: UInt64) -> Decision {
        guard let request, !situation.phase.isEnding else { return .nothing }
        if request.hasUsed(eighths: 7, now: now) { return .endUnsaved }
        switch situation.phase {
        case .training where situation.hasUnfinishedOwner && request.hasUsed(eighths: 4, now: now): return .giveUpStep
        case .reconfiguring where request.hasUsed(eighths: 6, now: now): return .saveState
        default: return .nothing
        }
    }
}
