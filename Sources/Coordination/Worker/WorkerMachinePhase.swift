extension WorkerMachine {
    /// Where a worker is between its first HELLO and its exit, with what is valid there only.
    enum Phase: Equatable {
        case created
        /// The first HELLO is sent, and sent again until it is answered.
        case greeting(since: UInt64, lastHello: UInt64)
        /// The compute thread reads the experiment.
        case loading
        case fetching
        case preparing
        /// The compute thread ends what it does, for a new view.
        case quiescing
        /// Nothing runs; a spare stays here. The payload is what the coordinator was answered.
        case quiescent(Ready)
        case linking
        /// The links of the view are up; no grant has arrived.
        case ready
        case training
        /// DONE is sent; the coordinator ends the run.
        case finishing
        /// FAILED is sent; the coordinator decides what follows.
        case failed(WorkerFailure, since: UInt64)
        /// No coordinator leads the run any more: the rescue checkpoint is being written.
        case abandoned
        case exited
    }
}

extension WorkerMachine.Phase {
    /// Whether messages of the coordinator have an effect.
    var takesMessages: Bool {
        switch self {
        case .created, .abandoned, .exited: false
        default: true
        }
    }

    var isGreeting: Bool { if case .greeting = self { true } else { false } }

    var isQuiescent: Bool { if case .quiescent = self { true } else { false } }

    /// Whether model, data and state were prepared.
    var hasModel: Bool {
        switch self {
        case .created, .greeting, .loading, .fetching, .preparing: false
        default: true
        }
    }

    /// Whether serialized states are sent to the coordinator.
    var sendsStates: Bool {
        switch self {
        case .quiescent, .ready, .training, .finishing, .failed: true
        default: false
        }
    }
}
