import Core
import Glibc
import Transport

/// Carries out what the supervisor's machine decides: starts processes, and takes signals and the ends of children.
struct SupervisorDriver {
    private let supervisor: LocalSupervisor
    private let address: String
    private let announcementFile: String
    private let variables: [String]
    private var processes: [SupervisedChild: ChildProcess] = [:]
    private var workersAreHungUp = false
    private var hasBegun = false
    private var outcome: SupervisorOutcome?

    init(_ supervisor: LocalSupervisor, directory: String) {
        self.supervisor = supervisor
        address = "ipc://\(directory)/control"
        announcementFile = "\(directory)/\(RunAnnouncement.fileName)"
        variables = supervisor.environment.map { "\($0.key)=\($0.value)" }.sorted()
    }

    mutating func run(_ signals: borrowing SignalWait) throws(LaunchError) -> SupervisorOutcome {
        var machine = SupervisorMachine(
            workerCount: supervisor.workerCount, restartLimit: supervisor.restartLimit,
            graceMilliseconds: supervisor.graceMilliseconds)
        defer { killAll() }
        try perform(machine.begin(), &machine)
        hasBegun = true
        while true {
            if let outcome { return outcome }
            let pause = machine.deadline.map { Int($0 - min($0, now)) }
            switch signals.next(timeoutMilliseconds: pause) {
            case nil: break
            case SIGCHLD: try reap(&machine)
            case let signal?: try perform(machine.signalled(signal), &machine)
            }
            try perform(machine.tick(now: now), &machine)
        }
    }

    private var now: UInt64 { MonotonicTime.now.milliseconds }

    private mutating func perform(
        _ actions: [SupervisorAction], _ machine: inout SupervisorMachine
    ) throws(LaunchError) {
        for action in actions where outcome == nil {
            switch action {
            case .startCoordinator(let isSuccessor, let workerCount):
                let start = LocalSupervisor.CoordinatorStart(
                    address: address, announcementFile: announcementFile, isSuccessor: isSuccessor,
                    announcedRun: isSuccessor ? RunAnnouncement.run(in: announcementFile) : nil,
                    workerCount: workerCount)
                try self.start(.coordinator, supervisor.coordinatorArguments(start), &machine)
            case .startWorker(let index):
                try start(.worker(index), supervisor.workerArguments(address, index), &machine)
            case .tell(let child, let news): processes[child]?.tell(news)
            case .send(let signal, let child): processes[child]?.send(signal: signal)
            case .hangUpWorkers: hangUpWorkers()
            case .note(let text): supervisor.note(text)
            case .finish(let outcome): self.outcome = outcome
            }
        }
    }

    /// Starts a child. When that fails the first time, nothing runs; later the others may go on.
    private mutating func start(
        _ child: SupervisedChild, _ arguments: [String], _ machine: inout SupervisorMachine
    ) throws(LaunchError) {
        let process: ChildProcess
        do {
            process = try ChildProcess.start(
                executable: supervisor.executable, arguments: arguments, environment: variables)
        } catch {
            guard hasBegun else { throw error }
            return try perform(machine.startFailed(child, error.description, now: now), &machine)
        }
        processes[child] = process
        try perform(machine.started(child, process.processIdentifier), &machine)
    }

    /// Takes note of every child that ended or stopped.
    private mutating func reap(_ machine: inout SupervisorMachine) throws(LaunchError) {
        while let (identifier, change) = ChildChange.next() {
            guard let (child, process) = processes.first(where: { $0.value.processIdentifier == identifier }) else {
                continue
            }
            switch change {
            case .stopped: try perform(machine.stopped(child), &machine)
            case .ended(let status):
                processes[child] = nil
                if child == .coordinator || !workersAreHungUp { close(process.inputDescriptor) }
                try perform(machine.ended(child, status, now: now), &machine)
            }
        }
    }

    private mutating func hangUpWorkers() {
        guard !workersAreHungUp else { return }
        workersAreHungUp = true
        for (child, process) in processes where child != .coordinator { close(process.inputDescriptor) }
    }

    /// Kills and collects whatever still runs, so that nothing is left behind.
    private mutating func killAll() {
        for process in processes.values { process.send(signal: SIGKILL) }
        while waitpid(-1, nil, 0) > 0 || errno == EINTR {}
        hangUpWorkers()
        if let coordinator = processes[.coordinator] { close(coordinator.inputDescriptor) }
        processes = [:]
    }
}
