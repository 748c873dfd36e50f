extension CoordinatorMachine {
    enum Phase: Equatable {
        /// Waits for enough workers. They learn meanwhile.
        case gathering(since: UInt64)
        /// Enough workers are here; some still lack experiment, data or state.
        case preparing(since: UInt64)
        /// The workers that hold a state end what they do and tell how far they are.
        case regrouping(since: UInt64)
        /// Too few workers are left to go on; those that are here keep their state.
        case short(since: UInt64)
        /// The view is sent; its members connect.
        case linking(since: UInt64)
        case training
        /// A value was not finite: one worker delivers the state before it.
        case salvaging(Verdict, worker: UInt32, deadline: UInt64)
        /// Two workers computed different gradients: it is found out who is wrong.
        case judging(AuditMismatch, stateFrom: UInt32, deadline: UInt64)
        /// Workers hold different states: two of them deliver theirs, one after the other.
        case comparing(Comparison, deadline: UInt64)
        /// Workers are told to leave.
        case ending(Outcome, deadline: UInt64)
        case over
    }

    /// A worker that is probably lost, while a better explanation may still come.
    struct Suspicion {
        var worker: Int
        /// Who reported it, if a peer did.
        var reporter: Int?
        var cause: Verdict.Cause
        /// Whose links it was about.
        var generation: UInt64
        var since: UInt64
        var deadline: UInt64
    }

    /// What two workers hold, to find the difference.
    struct Comparison: Equatable {
        var verdict: Verdict
        /// Identifiers of workers that are still to deliver their states.
        var awaited: [UInt32]
        var states: [[UInt8]] = []
    }

    /// A signal asked the run to stop once that many steps are complete.
    struct Stop: Equatable {
        var signal: Int32
        var stepLimit: UInt64
    }

    var isEnding: Bool {
        switch phase {
        case .ending, .over: true
        default: false
        }
    }

    /// Whether workers hold states that are not those of the start.
    var hasTrained: Bool { view != nil || roster.present.contains { roster[$0].isAttached } }

    var records: Records {
        Records(epochs: ledger.completedEpochs, savedEpochs: checkpoints.savedEpochs)
    }

    mutating func send(_ message: CoordinatorMessage, to worker: Int) {
        actions.append(.send(message, to: roster[worker].connection))
    }

    mutating func log(_ level: LogEntry.Level, _ text: String) {
        actions.append(.log(LogEntry(level: level, text: text)))
    }
}
