/// How often a process may be restarted: at most `limit` times within an hour, after a pause that doubles each time.
struct RestartBudget {
    static let windowMilliseconds: UInt64 = 3_600_000
    static let firstPauseMilliseconds: UInt64 = 100
    static let longestPauseMilliseconds: UInt64 = 5000

    let limit: Int
    /// When the restarts of the last hour were granted, in milliseconds.
    private var times: [UInt64] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// Grants one restart and returns the pause before it in milliseconds; nil when the limit is reached.
    mutating func take(now: UInt64) -> UInt64? {
        times.removeAll { now - $0 >= Self.windowMilliseconds }
        guard times.count < limit else { return nil }
        let pause = times.reduce(Self.firstPauseMilliseconds) { pause, _ in
            min(pause * 2, Self.longestPauseMilliseconds)
        }
        times.append(now)
        return pause
    }
}

/// The pauses between connections to a host that cannot be reached: each is twice as long as the last, up to a limit. A
/// connection that lasted a while begins anew.
struct ReconnectPause {
    static let firstMilliseconds: UInt64 = 1000
    static let longestMilliseconds: UInt64 = 30_000
    static let lastingMilliseconds: UInt64 = 60_000

    /// 0 while the connection is good.
    private var last: UInt64 = 0

    /// The pause after a connection that lasted `milliseconds`, and whether it follows a good one.
    mutating func take(after milliseconds: UInt64) -> (milliseconds: UInt64, isFirst: Bool) {
        if milliseconds >= Self.lastingMilliseconds { last = 0 }
        let isFirst = last == 0
        last = isFirst ? Self.firstMilliseconds : min(last * 2, Self.longestMilliseconds)
        return (last, isFirst)
    }
}

/// One worker process: whether it runs, and when it is restarted.
struct WorkerSlot {
    private enum State {
        case starting
        case running(Int32)
        case due(at: UInt64)
        /// It exited with success: training was complete.
        case left
        /// It is not restarted.
        case gone
    }

    /// What became of a request to restart the worker.
    enum Restart: Equatable {
        case scheduled
        /// The budget of this many restarts is used up; 0 when restarts are switched off.
        case exhausted(limit: Int)
    }

    /// The host that it runs on; nil for the supervisor's own.
    let host: String?
    private var state = State.starting
    private var budget: RestartBudget
    private var reconnectPause = ReconnectPause()
    /// When it was started last, other than at first.
    private var startMilliseconds: UInt64 = 0

    init(restartLimit: Int, host: String? = nil) {
        self.host = host
        budget = RestartBudget(limit: restartLimit)
    }

    /// Nil unless the process runs.
    var processIdentifier: Int32? { if case .running(let identifier) = state { identifier } else { nil } }
    /// Whether it neither runs nor will run.
    var isGone: Bool { if case .gone = state { true } else { false } }
    /// When it is started next; nil unless a restart is scheduled.
    var deadline: UInt64? { if case .due(let time) = state { time } else { nil } }

    mutating func started(_ processIdentifier: Int32) {
        state = .running(processIdentifier)
    }

    /// It exited with success.
    mutating func left() {
        state = .left
    }

    /// It ended, and is not restarted unless `scheduleRestart` follows.
    mutating func lost() {
        state = .gone
    }

    /// Schedules a restart after the budget's pause, if one is left.
    mutating func scheduleRestart(now: UInt64) -> Restart {
        guard let pause = budget.take(now: now) else { return .exhausted(limit: budget.limit) }
        state = .due(at: now + pause)
        return .scheduled
    }

    /// Schedules another start of a worker whose host was lost, for as long as the run lasts: that costs nothing of the
    /// budget, unless restarts are switched off. Returns whether the connection was good before; nil without a start.
    mutating func scheduleReconnect(now: UInt64) -> Bool? {
        guard budget.limit > 0 else { return nil }
        let (pause, isFirst) = reconnectPause.take(after: now - min(now, startMilliseconds))
        state = .due(at: now + pause)
        return isFirst
    }

    /// Cancels a scheduled restart.
    mutating func cancelRestart() {
        if case .due = state { state = .gone }
    }

    /// Has a worker that exited with success start again, at no cost to its budget.
    mutating func recall(at time: UInt64) {
        if case .left = state { state = .due(at: time) }
    }

    /// Whether the scheduled restart is due; it then counts as starting.
    mutating func takeDueStart(now: UInt64) -> Bool {
        guard let deadline, now >= deadline else { return false }
        state = .starting
        startMilliseconds = now
        return true
    }
}

/// The coordinator's process and its successors.
struct CoordinatorSlot {
    private enum State {
        case starting(isSuccessor: Bool)
        case running(Int32, wasStopped: Bool)
        /// A successor starts at this time if a worker is left; otherwise the run ends with the outcome.
        case due(at: UInt64, otherwise: SupervisorOutcome)
        case over
    }

    private var state = State.starting(isSuccessor: false)
    private var budget: RestartBudget
    /// How the coordinator before the present one ended; nil when it ended by itself.
    private(set) var predecessor: CoordinatorLoss?

    init(restartLimit: Int) {
        budget = RestartBudget(limit: restartLimit)
    }

    var isRunning: Bool { if case .running = state { true } else { false } }
    /// When a successor starts; nil unless one is scheduled.
    var deadline: UInt64? { if case .due(let time, _) = state { time } else { nil } }

    /// The process runs. Returns whether it is a successor; nil when no start was pending.
    mutating func started(_ processIdentifier: Int32) -> Bool? {
        guard case .starting(let isSuccessor) = state else { return nil }
        state = .running(processIdentifier, wasStopped: false)
        return isSuccessor
    }

    /// A signal suspended the process: the supervisor kills it, and reports the suspension as the cause.
    mutating func stopped() {
        if case .running(let identifier, _) = state { state = .running(identifier, wasStopped: true) }
    }

    /// The process that just ended, and whether it was suspended before; nil when none ran.
    var ended: (processIdentifier: Int32, wasStopped: Bool)? {
        if case .running(let identifier, let wasStopped) = state { (identifier, wasStopped) } else { nil }
    }

    /// Schedules a successor after the budget's pause. Returns the start time, or nil when no restart is left.
    mutating func scheduleSuccessor(otherwise outcome: SupervisorOutcome, now: UInt64) -> UInt64? {
        guard let pause = budget.take(now: now) else { return nil }
        state = .due(at: now + pause, otherwise: outcome)
        if case .coordinatorLost(let text) = outcome {
            predecessor = CoordinatorLoss(reason: text, noticedMilliseconds: now)
        } else {
            predecessor = nil
        }
        return now + pause
    }

    /// The outcome that holds when a due successor cannot start for lack of workers; nil when none is due.
    func dueOutcome(now: UInt64) -> SupervisorOutcome? {
        if case .due(let time, let outcome) = state, now >= time { outcome } else { nil }
    }

    /// Lets a scheduled successor start at once.
    mutating func hasten(now: UInt64) {
        if case .due(_, let outcome) = state { state = .due(at: now, otherwise: outcome) }
    }

    mutating func startSuccessor() {
        state = .starting(isSuccessor: true)
    }

    mutating func end() {
        state = .over
    }
}
