extension WorkerMachine {
    /// Where a worker is between its first HELLO and its exit, with what is valid there only.
    enum Phase: Equatable {
        case created
        /// The first HELLO is sent, and sent again until it is answered.
        case greeting(Greeting)
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
        /// A rescue checkpoint is being written; then the worker exits.
        case abandoned(Abandonment)
        case exited
    }

    /// The wait for the first answer to HELLO.
    struct Greeting: Equatable {
        enum Check: Equatable {
            case wait
            /// HELLO is due again.
            case greet
            case giveUp(reason: String)
        }

        private var since: UInt64
        private var lastHello: UInt64

        init(now: UInt64) {
            (since, lastHello) = (now, now)
        }

        mutating func prolong(now: UInt64) {
            since = now
        }

        mutating func check(_ configuration: WorkerConfiguration, now: UInt64) -> Check {
            guard now < since + configuration.greetingDeadlineMilliseconds else {
                let seconds = (now - since) / 1000
                return .giveUp(
                    reason: "no coordinator answered within \(seconds) s: is it running at that address?")
            }
            guard now >= lastHello + configuration.helloIntervalMilliseconds else { return .wait }
            lastHello = now
            return .greet
        }
    }

    /// How a worker exits once its rescue checkpoint is written.
    struct Abandonment: Equatable {
        /// How long writing a rescue checkpoint may take.
        private static let savingMilliseconds: UInt64 = 120_000

        let code: Int32
        /// It exits then without the checkpoint.
        let deadline: UInt64
        private let reason: String

        init(code: Int32, reason: String, now: UInt64) {
            self.code = code
            self.reason = reason
            deadline = now + Self.savingMilliseconds
        }

        /// Why it exits, and where its state is; nil where it could not be saved.
        func reason(path: String?) -> String {
            let place =
                path.map { "its state is in \($0): continue with --resume \($0)" } ?? "its state could not be saved"
            return "\(reason); \(place)"
        }
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

    /// Whether nothing of a run is left to do but to save the state.
    var isOver: Bool {
        switch self {
        case .abandoned, .exited: true
        default: false
        }
    }

    /// The coordinator exists, and cannot welcome workers yet.
    mutating func prolongGreeting(now: UInt64) {
        guard case .greeting(var greeting) = self else { return }
        greeting.prolong(now: now)
        self = .greeting(greeting)
    }

    /// Whether a worker that failed has waited long enough for a decision. One whose exchange failed while there is no
    /// coordinator waits for a successor, as all others do: it may have lost both with one host.
    func isOverdue(_ configuration: WorkerConfiguration, isCoordinatorKnown: Bool, now: UInt64) -> Bool {
        guard case .failed(let failure, let since) = self else { return false }
        return (isCoordinatorKnown || !failure.isOfExchange) && now >= since + configuration.failureDeadlineMilliseconds
    }

    /// A successor has its own time to decide.
    mutating func prolongFailure(now: UInt64) {
        if case .failed(let failure, _) = self { self = .failed(failure, since: now) }
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

    /// Whether an error of the compute thread is news for the coordinator.
    var reportsFailures: Bool {
        switch self {
        case .created, .greeting, .quiescing, .exited, .failed, .finishing, .abandoned: false
        default: true
        }
    }

    /// Whether the state is at hand when the coordinator asks for it.
    var answersStateRequests: Bool {
        switch self {
        case .quiescent, .training, .ready, .failed: true
        default: false
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
