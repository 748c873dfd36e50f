import Cluster
import Coordination
import Glibc

/// Runs a coordinator and its workers as child processes on this host, and reports what becomes of them.
///
/// It passes the first SIGINT or SIGTERM on to the coordinator (finish the step, checkpoint) and ends everything at the
/// second. It tells the coordinator on its standard input, one line each, about workers that ended or stopped.
/// When the coordinator has ended, the workers' pipes are closed, and they get `graceMilliseconds` to follow before they
/// are killed.
public struct LocalSupervisor {
    public var executable: String
    public var workerCount: Int
    /// Arguments of the coordinator and of a worker, given the address they meet at.
    public var coordinatorArguments: (_ address: String) -> [String]
    public var workerArguments: (_ address: String, _ index: Int) -> [String]
    public var environment: [String: String]
    public var graceMilliseconds = 3000

    public init(
        executable: String, workerCount: Int, environment: [String: String],
        coordinatorArguments: @escaping (_ address: String) -> [String],
        workerArguments: @escaping (_ address: String, _ index: Int) -> [String]
    ) {
        self.executable = executable
        self.workerCount = workerCount
        self.environment = environment
        self.coordinatorArguments = coordinatorArguments
        self.workerArguments = workerArguments
    }

    /// How a supervised run ended.
    public enum Outcome: Equatable {
        /// The coordinator's own exit code.
        case exited(Int32)
        /// The coordinator died by a signal or was frozen; the text says how.
        case coordinatorLost(String)
        /// A second signal ended everything at once.
        case interrupted(signal: Int32)
    }

    /// Runs until the coordinator and all workers have ended. Call it on the main thread, before any other thread starts:
    /// signals are taken synchronously.
    public func run() throws(LaunchError) -> Outcome {
        let directory = try PrivateDirectory(environment: environment)
        let signals = SignalWait(signals: [SIGCHLD, SIGINT, SIGTERM])
        let address = "ipc://\(directory.path)/control"
        let variables = environment.map { "\($0.key)=\($0.value)" }.sorted()
        let coordinator = try ChildProcess.start(
            executable: executable, arguments: coordinatorArguments(address), environment: variables)
        var children = Children(coordinator: coordinator)
        defer { children.killAll() }
        for index in 0..<workerCount {
            let worker = try ChildProcess.start(
                executable: executable, arguments: workerArguments(address, index), environment: variables)
            children.workers[worker.processIdentifier] = worker
        }
        coordinator.tell(.children(children.workers.keys.sorted()))
        return supervise(&children, signals)
    }

    private func supervise(_ children: inout Children, _ signals: borrowing SignalWait) -> Outcome {
        var interrupts = 0
        var outcome: Outcome?
        while true {
            let signal = signals.next(timeoutMilliseconds: outcome == nil ? nil : graceMilliseconds)
            switch signal {
            case SIGINT, SIGTERM:
                interrupts += 1
                if interrupts > 1 { return .interrupted(signal: signal ?? SIGINT) }
                children.coordinator.send(signal: signal ?? SIGINT)
            case nil:
                return outcome ?? .exited(0)
            default:
                if let end = children.reap() {
                    outcome = end
                    children.hangUpWorkers()
                }
            }
            if let outcome, children.workers.isEmpty { return outcome }
        }
    }
}

/// The processes that are still there.
private struct Children {
    let coordinator: ChildProcess
    var coordinatorHasEnded = false
    private var workersAreHungUp = false
    var workers: [pid_t: ChildProcess] = [:]

    init(coordinator: ChildProcess) {
        self.coordinator = coordinator
    }

    /// Takes note of every child that ended or stopped; returns the outcome when the coordinator is among them.
    mutating func reap() -> LocalSupervisor.Outcome? {
        var outcome: LocalSupervisor.Outcome?
        while let (identifier, change) = ChildChange.next() {
            if identifier == coordinator.processIdentifier {
                outcome = coordinatorOutcome(change)
            } else if let worker = workers[identifier] {
                if case .ended = change {
                    if !workersAreHungUp { close(worker.inputDescriptor) }
                    workers[identifier] = nil
                }
                coordinator.tell(change.news(of: identifier))
            }
        }
        return outcome
    }

    private mutating func coordinatorOutcome(_ change: ChildChange) -> LocalSupervisor.Outcome {
        let subject = "the coordinator (pid \(coordinator.processIdentifier))"
        switch change {
        case .ended(.exited(let code)):
            coordinatorHasEnded = true
            return .exited(code)
        case .ended(let status):
            coordinatorHasEnded = true
            return .coordinatorLost("\(subject) \(status)")
        case .stopped: return .coordinatorLost("\(subject) was stopped by a signal")
        }
    }

    /// Closes the workers' pipes, so that they end: nobody leads them any more.
    mutating func hangUpWorkers() {
        guard !workersAreHungUp else { return }
        workersAreHungUp = true
        for worker in workers.values { close(worker.inputDescriptor) }
    }

    /// Kills and collects whatever still runs, so that nothing is left behind.
    mutating func killAll() {
        if !coordinatorHasEnded { coordinator.send(signal: SIGKILL) }
        for worker in workers.values { worker.send(signal: SIGKILL) }
        while waitpid(-1, nil, 0) > 0 || errno == EINTR {}
        close(coordinator.inputDescriptor)
        hangUpWorkers()
    }
}
