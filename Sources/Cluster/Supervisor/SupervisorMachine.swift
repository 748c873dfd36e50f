import Coordination
import Glibc

/// Decides what becomes of a coordinator and its workers on this host: who is started again and when, who is told what,
/// and when everything ends.
///
/// It does nothing itself: each event returns the actions that follow. Times are milliseconds of one clock.
struct SupervisorMachine: ~Copyable {
    /// The coordinator's process.
    enum CoordinatorState {
        case starting(isSuccessor: Bool)
        case running(pid_t, wasStopped: Bool)
        /// A successor starts then, if anybody is left to be led; else the run ends like this.
        case due(at: UInt64, orEndWith: SupervisorOutcome)
        case over
    }

    /// A worker's process, by its index.
    struct Worker {
        enum State {
            case starting
            case running(pid_t)
            case due(at: UInt64)
            /// It ended as it was told to: training is complete.
            case left
            /// It is not started again.
            case gone
        }

        var state = State.starting
        var budget: RestartBudget

        var processIdentifier: pid_t? { if case .running(let identifier) = state { identifier } else { nil } }
        var isGone: Bool { if case .gone = state { true } else { false } }
    }

    let graceMilliseconds: UInt64
    var coordinator = CoordinatorState.starting(isSuccessor: false)
    var coordinatorBudget: RestartBudget
    /// How the last coordinator ended.
    var predecessor: CoordinatorLoss?
    var workers: [Worker]
    /// Whether the first coordinator was told its workers.
    var childrenAreKnown = false
    /// The first signal that asked for the end.
    var stopSignal: Int32?
    /// How the run ended, once it did, and when whoever is left is killed.
    var ending: (outcome: SupervisorOutcome, deadline: UInt64)?
    var actions: [SupervisorAction] = []

    init(workerCount: Int, restartLimit: Int, graceMilliseconds: UInt64) {
        self.graceMilliseconds = graceMilliseconds
        let budget = RestartBudget(limit: restartLimit)
        coordinatorBudget = budget
        workers = Array(repeating: Worker(budget: budget), count: workerCount)
    }

    /// Starts everybody.
    mutating func begin() -> [SupervisorAction] {
        actions.append(.startCoordinator(isSuccessor: false, workerCount: workers.count))
        for index in workers.indices { actions.append(.startWorker(index)) }
        return takeActions()
    }

    /// A child runs, as an action asked for.
    mutating func started(_ child: SupervisedChild, _ processIdentifier: pid_t) -> [SupervisorAction] {
        switch child {
        case .coordinator: coordinatorStarted(processIdentifier)
        case .worker(let index): workerStarted(index, processIdentifier)
        }
        return takeActions()
    }

    /// A child could not be started.
    mutating func startFailed(_ child: SupervisedChild, _ problem: String, now: UInt64) -> [SupervisorAction] {
        switch child {
        case .coordinator:
            succeedCoordinator(orEndWith: .coordinatorLost("the coordinator did not start: \(problem)"), now: now)
        case .worker(let index):
            workers[index].state = .gone
            restartWorker(index, now: now)
        }
        return takeActions()
    }

    mutating func ended(_ child: SupervisedChild, _ status: ChildStatus, now: UInt64) -> [SupervisorAction] {
        switch child {
        case .coordinator: coordinatorEnded(status, now: now)
        case .worker(let index): workerEnded(index, status, now: now)
        }
        return takeActions()
    }

    /// A child was stopped by a signal, and might stay so for ever: it is killed.
    mutating func stopped(_ child: SupervisedChild) -> [SupervisorAction] {
        switch child {
        case .coordinator: coordinatorStopped()
        case .worker(let index):
            guard let identifier = workers[index].processIdentifier else { return [] }
            tellCoordinator(.stopped(identifier))
        }
        actions.append(.send(signal: SIGKILL, child))
        return takeActions()
    }

    /// Lets time pass: starts who is due, and ends what has not ended in time.
    mutating func tick(now: UInt64) -> [SupervisorAction] {
        if let ending {
            if now >= ending.deadline { actions.append(.finish(ending.outcome)) }
            return takeActions()
        }
        if case .due(let time, let outcome) = coordinator, now >= time {
            let workerCount = workers.count { !$0.isGone }
            guard workerCount > 0 else {
                end(outcome, now: now)
                return takeActions()
            }
            coordinator = .starting(isSuccessor: true)
            actions.append(.startCoordinator(isSuccessor: true, workerCount: workerCount))
        }
        for index in workers.indices {
            guard case .due(let time) = workers[index].state, now >= time else { continue }
            workers[index].state = .starting
            actions.append(.startWorker(index))
        }
        return takeActions()
    }

    /// When `tick` has something to do; nil when only events matter.
    var deadline: UInt64? {
        if let ending { return ending.deadline }
        var times = workers.compactMap { worker in if case .due(let time) = worker.state { time } else { nil } }
        if case .due(let time, _) = coordinator { times.append(time) }
        return times.min()
    }

    // MARK: Helpers of the extensions

    mutating func takeActions() -> [SupervisorAction] {
        defer { actions = [] }
        return actions
    }

    /// Ends the run: the workers' pipes are closed, and they get some time to follow.
    mutating func end(_ outcome: SupervisorOutcome, now: UInt64) {
        coordinator = .over
        ending = (outcome, now + graceMilliseconds)
        actions.append(.hangUpWorkers)
        finishWhenAlone()
    }

    /// Finishes an ending run when no child is left.
    mutating func finishWhenAlone() {
        guard let ending, workers.allSatisfy({ $0.processIdentifier == nil }) else { return }
        actions.append(.finish(ending.outcome))
    }
}
