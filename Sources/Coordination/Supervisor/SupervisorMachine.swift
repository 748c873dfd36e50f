import Core

/// Decides about the processes of one host: which are restarted and when, what each is notified of, and when the run
/// ends.
///
/// It is pure: each event returns the actions that follow. Times are milliseconds of one monotonic clock. The driver
/// performs actions in their order, calls `tick` at `deadline`, and calls nothing after `.finish`.
package struct SupervisorMachine: ~Copyable {
    /// Time in which workers exit once the coordinator has ended.
    private let exitMilliseconds: UInt64
    /// Time in which the run saves its state and ends after a signal.
    private let graceMilliseconds: UInt64
    private var coordinator: CoordinatorSlot
    private var workers: [WorkerSlot]
    /// Whether the first coordinator has received the list of its workers.
    private var childrenAreKnown = false
    /// The first signal that asked for the end.
    private var stopRequest: StopRequest?
    /// The run's outcome, once it is decided, and when the remaining processes are killed.
    private var ending: (outcome: SupervisorOutcome, deadline: UInt64)?
    private var actions: [SupervisorAction] = []

    /// `restartLimit` bounds the restarts of each process within an hour. Workers get `exitMilliseconds` to exit after
    /// the coordinator has ended; the run gets `graceMilliseconds` to save its state after a signal. `remoteHosts` names
    /// the hosts of workers that run elsewhere, by the worker's index: their processes here are connections, of which the
    /// coordinator is not notified.
    package init(
        workerCount: Int, remoteHosts: [Int: String] = [:], restartLimit: Int, exitMilliseconds: UInt64,
        graceMilliseconds: UInt64
    ) {
        self.exitMilliseconds = exitMilliseconds
        self.graceMilliseconds = graceMilliseconds
        coordinator = CoordinatorSlot(restartLimit: restartLimit)
        workers = (0..<workerCount).map { WorkerSlot(restartLimit: restartLimit, host: remoteHosts[$0]) }
    }

    // MARK: Events

    /// Starts the coordinator, then the workers.
    package mutating func begin() -> [SupervisorAction] {
        actions.append(.startCoordinator(isSuccessor: false, workerCount: workers.count))
        for index in workers.indices { actions.append(.startWorker(index)) }
        return takeActions()
    }

    /// A child runs, as an action requested.
    package mutating func started(_ child: SupervisedChild, _ processIdentifier: Int32) -> [SupervisorAction] {
        switch child {
        case .coordinator: coordinatorStarted(processIdentifier)
        case .worker(let index): workerStarted(index, processIdentifier)
        }
        return takeActions()
    }

    /// A child could not be started; `problem` says why.
    package mutating func startFailed(_ child: SupervisedChild, _ problem: String, now: UInt64) -> [SupervisorAction] {
        switch child {
        case .coordinator:
            replaceCoordinator(otherwise: .coordinatorLost("the coordinator did not start: \(problem)"), now: now)
        case .worker(let index):
            workers[index].lost()
            restartWorker(index, now: now)
        }
        return takeActions()
    }

    /// A child ended.
    package mutating func ended(_ child: SupervisedChild, _ status: ChildStatus, now: UInt64) -> [SupervisorAction] {
        switch child {
        case .coordinator: coordinatorEnded(status, now: now)
        case .worker(let index): workerEnded(index, status, now: now)
        }
        return takeActions()
    }

    /// A signal suspended a child. It could stay suspended for ever, so it is killed.
    package mutating func stopped(_ child: SupervisedChild) -> [SupervisorAction] {
        switch child {
        case .coordinator: coordinator.stopped()
        case .worker(let index):
            guard let identifier = workers[index].processIdentifier else { return [] }
            if workers[index].host == nil { notifyCoordinator(.stopped(identifier)) }
        }
        actions.append(.send(.kill, child))
        return takeActions()
    }

    /// A signal asks for the end. The first is passed on to the coordinator, which saves the state; where none runs,
    /// its successor does that. A second SIGINT ends all processes. All processes may have received the same signal.
    package mutating func signalled(_ signal: ProcessSignal, now: UInt64) -> [SupervisorAction] {
        if let stopRequest {
            if stopRequest.isOverruled(by: signal.rawValue, now: now) {
                actions.append(.finish(.endedAtOnce(signal)))
            }
            return takeActions()
        }
        stopRequest = StopRequest(
            signal: signal.rawValue, graceMilliseconds: graceMilliseconds + exitMilliseconds, now: now)
        for index in workers.indices { workers[index].cancelRestart() }
        if coordinator.isRunning {
            notifyCoordinator(.stop(signal))
        } else {
            coordinator.hasten(now: now)
        }
        return takeActions()
    }

    /// Time passed: starts processes that are due, and ends the run when the grace period is over.
    package mutating func tick(now: UInt64) -> [SupervisorAction] {
        if let ending {
            if now >= ending.deadline { actions.append(.finish(ending.outcome)) }
            return takeActions()
        }
        if let stopRequest, now >= stopRequest.deadline {
            actions.append(.finish(.graceExceeded(ProcessSignal(rawValue: stopRequest.signal))))
            return takeActions()
        }
        if let outcome = coordinator.dueOutcome(now: now) {
            let workerCount = workers.count { !$0.isGone }
            guard workerCount > 0 else {
                end(outcome, now: now)
                return takeActions()
            }
            coordinator.startSuccessor()
            actions.append(.startCoordinator(isSuccessor: true, workerCount: workerCount))
        }
        for index in workers.indices where workers[index].takeDueStart(now: now) {
            actions.append(.startWorker(index))
        }
        return takeActions()
    }

    /// When `tick` has work to do; nil when only events matter.
    package var deadline: UInt64? {
        if let ending { return ending.deadline }
        return (workers.map(\.deadline) + [coordinator.deadline, stopRequest?.deadline]).compactMap(\.self).min()
    }

    // MARK: The coordinator

    private mutating func coordinatorStarted(_ processIdentifier: Int32) {
        guard coordinator.started(processIdentifier) == true else { return }
        if let predecessor = coordinator.predecessor { notifyCoordinator(.predecessor(predecessor)) }
        notifyCoordinator(.children(runningWorkers))
        if let stopRequest { notifyCoordinator(.stop(ProcessSignal(rawValue: stopRequest.signal))) }
        for (index, worker) in workers.enumerated() where worker.processIdentifier != nil {
            actions.append(.notify(.worker(index), .successor))
        }
    }

    private mutating func coordinatorEnded(_ status: ChildStatus, now: UInt64) {
        guard let (identifier, wasStopped) = coordinator.ended else { return }
        let subject = "the coordinator (pid \(identifier))"
        switch status {
        case .exited(ProcessExitCode.requeue):
            // The workers may have received the same signal, and have left before the coordinator received it.
            let code = stopRequest.map { ProcessExitCode.signal($0.signal) } ?? ProcessExitCode.requeue
            replaceCoordinator(otherwise: .exited(code), now: now)
        case .exited(let code):
            if !Self.isOutcome(code) {
                actions.append(.note("\(subject) ended with the unknown exit code \(code)"))
            }
            end(.exited(code), now: now)
        case .signalled:
            let end = wasStopped ? "was stopped by a signal" : status.description
            replaceCoordinator(otherwise: .coordinatorLost("\(subject) \(end)"), now: now)
        }
    }

    /// Whether a coordinator exits with this code by itself.
    private static func isOutcome(_ code: Int32) -> Bool {
        [
            ProcessExitCode.success, ProcessExitCode.usage, ProcessExitCode.badData, ProcessExitCode.missingInput,
            ProcessExitCode.unreachable, ProcessExitCode.internalError, ProcessExitCode.inputOutput,
        ].contains(code)
            || [ProcessSignal.interrupt, .terminate, .user1, .hangUp].contains {
                code == ProcessExitCode.signal($0.rawValue)
            }
    }

    /// Schedules a successor if a worker is left and the budget allows it; otherwise ends the run. After a signal the
    /// successor saves the state, unless its predecessor ended by itself.
    private mutating func replaceCoordinator(otherwise outcome: SupervisorOutcome, now: UInt64) {
        var hasEndedItself = false
        if case .exited = outcome { hasEndedItself = true }
        guard stopRequest == nil || !hasEndedItself, workers.contains(where: { !$0.isGone }),
            let start = coordinator.scheduleSuccessor(otherwise: outcome, now: now)
        else { return end(outcome, now: now) }
        // They may have exited just before the coordinator saved the state.
        if stopRequest == nil {
            for index in workers.indices { workers[index].recall(at: start) }
        }
        if case .coordinatorLost(let text) = outcome {
            actions.append(.note("\(text): starting a successor"))
        } else {
            actions.append(.note("the coordinator abandoned the run: starting a successor"))
        }
    }

    /// Only a running coordinator is notified of workers: a successor receives the list of children first.
    private mutating func notifyCoordinator(_ news: SupervisorNews) {
        if coordinator.isRunning { actions.append(.notify(.coordinator, news)) }
    }

    // MARK: Workers

    /// The process identifiers of this host's running workers, ascending.
    private var runningWorkers: [Int32] { workers.filter { $0.host == nil }.compactMap(\.processIdentifier).sorted() }

    private func label(_ index: Int, _ processIdentifier: Int32) -> String {
        "worker-\(index) " + (workers[index].host.map { "on \($0)" } ?? "(pid \(processIdentifier))")
    }

    private mutating func workerStarted(_ index: Int, _ processIdentifier: Int32) {
        workers[index].started(processIdentifier)
        if childrenAreKnown {
            if workers[index].host == nil { notifyCoordinator(.started(processIdentifier)) }
        } else if workers.allSatisfy({ $0.processIdentifier != nil }) {
            childrenAreKnown = true
            notifyCoordinator(.children(runningWorkers))
        }
    }

    private mutating func workerEnded(_ index: Int, _ status: ChildStatus, now: UInt64) {
        guard let identifier = workers[index].processIdentifier else { return }
        workers[index].lost()
        let isRemote = workers[index].host != nil
        if !isRemote { notifyCoordinator(.ended(identifier, status)) }
        if ending != nil { return finishWhenAlone() }
        switch status {
        case .exited(ProcessExitCode.success): workers[index].left()
        case .exited(ProcessExitCode.connectionLost) where isRemote: reconnectWorker(index, now: now)
        // A network that is down for a while makes a remote worker's coordinator unreachable.
        case .exited(let code)
        where ProcessExitCode.isFinal(code) && !(isRemote && code == ProcessExitCode.unreachable):
            guard stopRequest == nil else { return }
            actions.append(
                .note(
                    "\(label(index, identifier)) \(status), which a restart would repeat: "
                        + "the run continues without it"))
        case .exited, .signalled:
            if isRemote, stopRequest == nil { actions.append(.note("\(label(index, identifier)) \(status)")) }
            restartWorker(index, now: now)
        }
    }

    /// Tries to connect to a worker's host again while the run lasts. Only the first attempt of a series is shown.
    private mutating func reconnectWorker(_ index: Int, now: UInt64) {
        guard stopRequest == nil, let host = workers[index].host else { return }
        switch workers[index].scheduleReconnect(now: now) {
        case true?:
            actions.append(.note("worker-\(index): no connection to \(host): trying again until the run ends"))
        case false?: break
        case nil: actions.append(.note("worker-\(index): no connection to \(host): the run continues without it"))
        }
    }

    private mutating func restartWorker(_ index: Int, now: UInt64) {
        guard stopRequest == nil, case .exhausted(let limit) = workers[index].scheduleRestart(now: now), limit > 0
        else { return }
        actions.append(
            .note(
                "worker-\(index) was restarted \(limit) time\(limit == 1 ? "" : "s") within an hour: "
                    + "the run continues without it"))
    }

    // MARK: The end

    /// Ends the run: the workers' pipes are closed, and they get the grace period to exit.
    private mutating func end(_ outcome: SupervisorOutcome, now: UInt64) {
        coordinator.end()
        ending = (outcome, now + exitMilliseconds)
        actions.append(.hangUpWorkers)
        finishWhenAlone()
    }

    /// Finishes an ending run when no worker runs any more.
    private mutating func finishWhenAlone() {
        guard let ending, workers.allSatisfy({ $0.processIdentifier == nil }) else { return }
        actions.append(.finish(ending.outcome))
    }

    private mutating func takeActions() -> [SupervisorAction] {
        defer { actions = [] }
        return actions
    }
}
