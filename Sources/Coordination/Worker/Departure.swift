import Core

/// What ends a worker before its run is over, or with it: the coordinator, a signal, the loss of the coordinator or of
/// the supervisor. It decides what follows, and the machine does it.
struct Departure {
    /// What the machine has to do.
    enum Decision: Equatable {
        case nothing
        /// The coordinator is asked to let this worker go; it stays until then.
        case announce(signal: Int32)
        /// The worker says goodbye, and exits.
        case leave(code: Int32, reason: String)
        /// The state outlives this process in a rescue checkpoint, where it holds one; then the worker leaves.
        case save(code: Int32, reason: String)
    }

    private var request: StopRequest?
    /// Whether the coordinator has ordered it.
    private(set) var isOrdered = false

    /// The signal of which the coordinator is notified with every heartbeat; nil without one.
    var announcedSignal: Int32? { request?.signal }

    /// A signal asks this worker to leave. It stays until others hold its state, or the state is saved, for the grace
    /// time at most. A second SIGINT ends it at once. `isOver` is whether nothing is left to do but to save the state.
    mutating func interrupt(
        signal: Int32, isOver: Bool, holdsState: Bool, graceMilliseconds: UInt64, now: UInt64
    ) -> Decision {
        let isOverruled = request?.isOverruled(by: signal, now: now) ?? false
        guard isOverruled || (!isOver && !holdsState) else {
            guard request == nil, !isOver else { return .nothing }
            request = StopRequest(signal: signal, graceMilliseconds: graceMilliseconds, now: now)
            return .announce(signal: signal)
        }
        return .leave(code: ProcessExitCode.signal(signal), reason: Self.reason(signal))
    }

    /// Time passed. The state is saved here when the grace time is over, or half of it without a coordinator.
    func check(isCoordinatorKnown: Bool, now: UInt64) -> Decision {
        guard let request, request.hasUsed(eighths: isCoordinatorKnown ? 7 : 4, now: now) else { return .nothing }
        return .save(code: ProcessExitCode.signal(request.signal), reason: Self.reason(request.signal))
    }

    /// The supervisor is gone: the run continues nowhere on this host. A worker that is leaving saves its state first.
    func supervisorLost(reason: String) -> Decision {
        let code = ProcessExitCode.requeue
        return request == nil ? .leave(code: code, reason: reason) : .save(code: code, reason: reason)
    }

    /// Other workers cannot reach this process any more, and its inbox cannot move. Another process may take its place.
    func inboxLost(reason: String) -> Decision { .save(code: ProcessExitCode.requeue, reason: reason) }

    /// No coordinator led the run for `seconds`.
    func coordinatorLost(seconds: Int, completedSteps: UInt64) -> Decision {
        .save(
            code: ProcessExitCode.requeue,
            reason: "no message from a coordinator for \(seconds) s; this worker stops after step \(completedSteps)")
    }

    /// The coordinator lets this worker go: the run is over, or others hold its state.
    mutating func ended(reason: String) -> Decision {
        isOrdered = true
        return .leave(
            code: request.map { ProcessExitCode.signal($0.signal) } ?? ProcessExitCode.success, reason: reason)
    }

    /// The run failed or was interrupted, or this worker is evicted. Where the run's files cannot be written, the state
    /// is saved here.
    mutating func aborted(code: Int32, reason: String) -> Decision {
        isOrdered = true
        if code == ProcessExitCode.inputOutput { return .save(code: code, reason: reason) }
        // The whole run may have received the signal that this worker has.
        let ownCode = code == ProcessExitCode.requeue ? request.map { ProcessExitCode.signal($0.signal) } : nil
        return .leave(code: ownCode ?? code, reason: reason)
    }

    private static func reason(_ signal: Int32) -> String { "ended by signal \(signal)" }
}
