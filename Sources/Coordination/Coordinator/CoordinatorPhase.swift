import Core

extension CoordinatorMachine {
    /// What the coordinator is doing, with the values that are valid meanwhile. Only `transition(to:now:)` changes it.
    enum Phase: Equatable {
        /// Waits for enough workers. They load the experiment meanwhile.
        case gathering(since: UInt64)
        /// Enough workers have joined; some lack experiment, data or state.
        case preparing(since: UInt64)
        /// Workers that hold a state quiesce and report their positions.
        case reconfiguring(Reconfiguration)
        /// Too few workers are left to train. They keep their state.
        case waitingForWorkers(since: UInt64)
        /// The view is sent; its members connect.
        case linking(since: UInt64)
        case training
        /// The run cannot continue: one worker sends a state to be saved first.
        case rescuing(Rescue)
        /// Two workers computed different gradients: the step is re-executed.
        case auditing(Audit)
        /// Workers hold different states: two of them send theirs.
        case comparing(StateComparison)
        /// Workers were asked to leave.
        case ending(Ending)
        case over
    }

    struct Reconfiguration: Equatable {
        var since: UInt64
        /// Workers reported different states: they are compared when everyone has quiesced.
        var divergence: RunFailure?
    }

    struct Rescue: Equatable {
        /// Why the run ends; nil when it was interrupted.
        var failure: RunFailure?
        var purpose: StatePurpose
        /// Steps that are complete in the state.
        var completedSteps: UInt64
        /// Identifier of the worker that sends the state.
        var stateSender: UInt32 = 0
        /// The digest on which the workers agree; nil for a state that replaces no checkpoint.
        var stateDigest: SHA256Digest?
        var deadline: UInt64 = 0
    }

    struct Ending: Equatable {
        var outcome: Outcome
        var deadline: UInt64
    }
}

extension CoordinatorMachine.Phase {
    /// Whether the run's outcome is decided.
    var isEnding: Bool {
        switch self {
        case .ending, .over: true
        default: false
        }
    }

    /// Whether new workers are refused because the run is about to end.
    var refusesWorkers: Bool {
        switch self {
        case .rescuing, .ending, .over: true
        default: false
        }
    }

    /// Whether a broken link between members changes anything. While evidence is gathered or the furthest state is
    /// received, the members exchange nothing, and a new view would end that.
    var usesLinks: Bool {
        switch self {
        case .linking, .training: true
        default: false
        }
    }

    /// Whether workers have to join before training can start or continue.
    var waitsForWorkers: Bool {
        switch self {
        case .gathering, .preparing, .waitingForWorkers: true
        default: false
        }
    }

    /// Whether the run waits for something: the coordinator reports every few seconds for what.
    var isWaiting: Bool {
        switch self {
        case .preparing, .reconfiguring, .waitingForWorkers, .linking: true
        default: false
        }
    }

    /// The worker that was asked for a state with this purpose; nil when none was.
    func stateSender(for purpose: StatePurpose) -> UInt32? {
        switch (purpose, self) {
        case (.diverged, .rescuing(let rescue)), (.rescue, .rescuing(let rescue)): rescue.stateSender
        case (.audit, .auditing(let audit)): audit.stateSender
        case (.comparison, .comparing(let comparison)): comparison.nextSender
        default: nil
        }
    }
}
