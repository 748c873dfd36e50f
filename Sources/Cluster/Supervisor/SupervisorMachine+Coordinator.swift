import Coordination
import Core
import Glibc

extension SupervisorMachine {
    mutating func coordinatorStarted(_ processIdentifier: pid_t) {
        guard case .starting(let isSuccessor) = coordinator else { return }
        coordinator = .running(processIdentifier, wasStopped: false)
        guard isSuccessor else { return }
        if let predecessor { tellCoordinator(.predecessor(predecessor)) }
        tellCoordinator(.children(runningWorkers))
        for (index, worker) in workers.enumerated() where worker.processIdentifier != nil {
            actions.append(.tell(.worker(index), .successor))
        }
    }

    mutating func coordinatorStopped() {
        guard case .running(let identifier, _) = coordinator else { return }
        coordinator = .running(identifier, wasStopped: true)
    }

    mutating func coordinatorEnded(_ status: ChildStatus, now: UInt64) {
        guard case .running(let identifier, let wasStopped) = coordinator else { return }
        let subject = "the coordinator (pid \(identifier))"
        switch status {
        case .exited(ProcessExitCode.requeue): succeedCoordinator(orEndWith: .exited(ProcessExitCode.requeue), now: now)
        case .exited(let code):
            if !isKnown(code) {
                actions.append(.note("\(subject) ended with exit code \(code), which stands for no outcome of a run"))
            }
            end(.exited(code), now: now)
        case .signalled:
            let end = wasStopped ? "was stopped by a signal" : status.description
            succeedCoordinator(orEndWith: .coordinatorLost("\(subject) \(end)"), now: now)
        }
    }

    /// Whether it is the exit code of a coordinator that has said itself how the run ended.
    private func isKnown(_ code: Int32) -> Bool {
        [
            ProcessExitCode.success, ProcessExitCode.usage, ProcessExitCode.badData, ProcessExitCode.missingInput,
            ProcessExitCode.unreachable, ProcessExitCode.internalError, ProcessExitCode.inputOutput,
            ProcessExitCode.signal(SIGINT), ProcessExitCode.signal(SIGTERM), ProcessExitCode.signal(SIGHUP),
        ].contains(code)
    }

    /// A successor takes over after a pause, when somebody is there to be led and nobody asked for the end.
    mutating func succeedCoordinator(orEndWith outcome: SupervisorOutcome, now: UInt64) {
        guard stopSignal == nil, workers.contains(where: { !$0.isGone }),
            let pause = coordinatorBudget.take(now: now)
        else { return end(outcome, now: now) }
        coordinator = .due(at: now + pause, orEndWith: outcome)
        // They may have left just before the state was saved.
        for index in workers.indices {
            if case .left = workers[index].state { workers[index].state = .due(at: now + pause) }
        }
        if case .coordinatorLost(let text) = outcome {
            actions.append(.note("\(text): another takes over"))
            predecessor = CoordinatorLoss(reason: text, noticedMilliseconds: now)
        } else {
            predecessor = nil
            actions.append(.note("the coordinator gave the run up: another takes over"))
        }
    }

    /// A coordinator alone may hear what becomes of workers: one that is due learns it from the list of children.
    mutating func tellCoordinator(_ news: SupervisorNews) {
        guard case .running = coordinator else { return }
        actions.append(.tell(.coordinator, news))
    }
}
