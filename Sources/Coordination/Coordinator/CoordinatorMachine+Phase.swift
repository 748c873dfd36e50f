extension CoordinatorMachine {
    enum Phase: Equatable {
        /// Waits for enough workers. They learn meanwhile.
        case gathering(since: UInt64)
        /// Enough workers are here; some still lack experiment, data or state.
        case preparing(since: UInt64)
        /// The view is sent; its members connect.
        case linking(since: UInt64)
        case training
        /// Workers go on to the limit and no further.
        case stopping(stepLimit: UInt64, signal: Int32)
        /// A value was not finite: one worker delivers the state before it.
        case salvaging(Verdict, worker: UInt32, deadline: UInt64)
        /// Workers are told to leave.
        case ending(Outcome, deadline: UInt64)
        case over
    }

    /// A worker that is probably lost, while a better explanation may still come.
    struct Suspicion {
        var worker: Int
        var cause: Verdict.Cause
        var deadline: UInt64
    }

    var generation: UInt64 { view?.generation ?? 0 }

    var isEnding: Bool {
        switch phase {
        case .ending, .over: true
        default: false
        }
    }

    mutating func send(_ message: CoordinatorMessage, to worker: Int) {
        actions.append(.send(message, to: roster[worker].connection))
    }

    mutating func log(_ level: LogEntry.Level, _ text: String) {
        actions.append(.log(LogEntry(level: level, text: text)))
    }
}
