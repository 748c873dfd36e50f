import Coordination
import Core
import Glibc

extension SupervisorMachine {
    /// The process identifiers of workers that run, ascending.
    var runningWorkers: [pid_t] { workers.compactMap(\.processIdentifier).sorted() }

    mutating func workerStarted(_ index: Int, _ processIdentifier: pid_t) {
        workers[index].state = .running(processIdentifier)
        if childrenAreKnown {
            tellCoordinator(.started(processIdentifier))
        } else if workers.allSatisfy({ $0.processIdentifier != nil }) {
            childrenAreKnown = true
            tellCoordinator(.children(runningWorkers))
        }
    }

    mutating func workerEnded(_ index: Int, _ status: ChildStatus, now: UInt64) {
        guard let identifier = workers[index].processIdentifier else { return }
        workers[index].state = .gone
        tellCoordinator(.ended(identifier, status))
        if ending != nil { return finishWhenAlone() }
        switch status {
        case .exited(ProcessExitCode.success): workers[index].state = .left
        case .exited(let code) where ProcessExitCode.isFinal(code):
            guard stopSignal == nil else { return }
            actions.append(
                .note("worker-\(index) (pid \(identifier)) \(status), and would again: the run goes on without it"))
        case .exited, .signalled: restartWorker(index, now: now)
        }
    }

    /// Has a worker that is gone started again after a pause, unless the run is to end or its restarts are spent.
    mutating func restartWorker(_ index: Int, now: UInt64) {
        guard stopSignal == nil else { return }
        if let pause = workers[index].budget.take(now: now) {
            workers[index].state = .due(at: now + pause)
        } else if workers[index].budget.limit > 0 {
            let count = workers[index].budget.limit
            actions.append(
                .note(
                    "worker-\(index) was restarted \(count) time\(count == 1 ? "" : "s") within an hour: "
                        + "the run goes on without it"))
        }
    }
}
