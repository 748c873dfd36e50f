@testable import Coordination

/// A host that performs the machine's actions at once: processes are numbers, and a test advances the time.
struct SupervisedHost: ~Copyable {
    private var machine: SupervisorMachine
    private var nextIdentifier: Int32 = 100
    private(set) var now: UInt64 = 1000
    private(set) var processes: [SupervisedChild: Int32] = [:]
    /// The children whose next start fails.
    var unstartable: Set<SupervisedChild> = []
    /// All actions so far, in order.
    private(set) var log: [SupervisorAction] = []
    private(set) var outcome: SupervisorOutcome?

    init(workers: Int = 2, restarts: Int = 3, remoteHosts: [Int: String] = [:]) {
        machine = SupervisorMachine(
            workerCount: workers, remoteHosts: remoteHosts, restartLimit: restarts, exitMilliseconds: 3000,
            graceMilliseconds: 20_000)
        perform(machine.begin())
    }

    private mutating func perform(_ actions: [SupervisorAction]) {
        for action in actions where outcome == nil {
            log.append(action)
            switch action {
            case .startCoordinator: start(.coordinator)
            case .startWorker(let index): start(.worker(index))
            case .send(.kill, let child): end(child, .signalled(.kill))
            case .finish(let outcome): self.outcome = outcome
            case .notify, .send, .hangUpWorkers, .note: break
            }
        }
    }

    private mutating func start(_ child: SupervisedChild) {
        if unstartable.remove(child) != nil {
            return perform(machine.startFailed(child, "no memory", now: now))
        }
        nextIdentifier += 1
        processes[child] = nextIdentifier
        perform(machine.started(child, nextIdentifier))
    }

    mutating func end(_ child: SupervisedChild, _ status: ChildStatus) {
        guard processes.removeValue(forKey: child) != nil else { return }
        perform(machine.ended(child, status, now: now))
    }

    mutating func kill(_ child: SupervisedChild) {
        end(child, .signalled(.kill))
    }

    mutating func stop(_ child: SupervisedChild) {
        perform(machine.stopped(child))
    }

    mutating func signal(_ signal: ProcessSignal) {
        perform(machine.signalled(signal, now: now))
    }

    mutating func wait(_ milliseconds: UInt64) {
        let end = now + milliseconds
        while outcome == nil, let deadline = machine.deadline, deadline <= end {
            now = max(now, deadline)
            perform(machine.tick(now: now))
        }
        now = end
        if outcome == nil { perform(machine.tick(now: now)) }
    }

    /// The actions since the last call.
    mutating func takeLog() -> [SupervisorAction] {
        defer { log = [] }
        return log
    }

    var notes: [String] { log.compactMap { if case .note(let text) = $0 { text } else { nil } } }
}
