package import Coordination
import Core
import Glibc
import Transport

/// Runs a coordinator and its workers as children of this process, and restarts them.
///
/// `SupervisorMachine` decides; a launcher starts and ends processes. Each child is restarted at most `restartLimit`
/// times an hour; a suspended child is killed first. The coordinator is notified on its standard input of workers that
/// started, ended or were suspended. The first SIGINT, SIGTERM, SIGUSR1 or SIGHUP is passed on to the coordinator,
/// which has `graceMilliseconds` to save the state; a second SIGINT ends all processes. After the run the workers'
/// pipes are closed, and the workers get `exitMilliseconds` to exit before they are killed.
package struct Supervisor {
    /// What a coordinator is started with.
    package struct CoordinatorStart {
        /// Where it listens.
        package let address: String
        /// The file in which it writes the path of its run directory.
        package let announcementFile: String
        /// Whether it replaces a coordinator that died.
        package let isSuccessor: Bool
        /// The run directory that its predecessor announced; nil when it announced none.
        package let announcedRun: String?
        /// Workers that run or will run: fewer than at first when some are not restarted.
        package let workerCount: Int
    }

    package var launcher: any Launcher
    package var workerCount: Int
    package var environment: [String: String]
    package var coordinatorArguments: (CoordinatorStart) -> [String]
    /// Arguments of a worker, given the address where it reaches the coordinator.
    package var workerArguments: (_ address: String, _ index: Int) -> [String]
    /// Shows a line to the user.
    package var note: (String) -> Void
    /// Called with the folder of the sockets before any process starts, with the signals of `run` blocked.
    package var prepare: (_ folder: String) throws(LaunchError) -> Void = { _ in }
    /// Restarts of the coordinator and of each worker within an hour.
    package var restartLimit = 3
    package var exitMilliseconds: UInt64 = 3000
    package var graceMilliseconds: UInt64 = 20_000

    /// `environment` determines the folder of the sockets.
    package init(
        launcher: any Launcher, workerCount: Int, environment: [String: String],
        coordinatorArguments: @escaping (CoordinatorStart) -> [String],
        workerArguments: @escaping (_ address: String, _ index: Int) -> [String],
        note: @escaping (String) -> Void
    ) {
        self.launcher = launcher
        self.workerCount = workerCount
        self.environment = environment
        self.coordinatorArguments = coordinatorArguments
        self.workerArguments = workerArguments
        self.note = note
    }

    /// Runs until the coordinator and all workers have ended. Call it on the main thread, before any other thread
    /// starts: signals are taken synchronously. Throws when the processes cannot be started.
    package func run() throws(LaunchError) -> SupervisorOutcome {
        let directory = try PrivateDirectory(environment: environment)
        let signals = SignalWait(signals: [SIGCHLD] + StopSignals.all)
        try prepare(directory.path)
        var driver = SupervisorDriver(self, directory: directory.path)
        return try driver.run(signals)
    }
}

/// Performs the machine's actions, and gives it signals, the ends of children and the time.
private struct SupervisorDriver {
    private let supervisor: Supervisor
    private var launcher: any Launcher
    private let address: String
    private let announcementFile: String
    /// Whether all children were started once.
    private var hasStarted = false
    private var outcome: SupervisorOutcome?

    init(_ supervisor: Supervisor, directory: String) {
        self.supervisor = supervisor
        launcher = supervisor.launcher
        address = "ipc://\(directory)/control"
        announcementFile = "\(directory)/\(RunAnnouncement.fileName)"
    }

    mutating func run(_ signals: borrowing SignalWait) throws(LaunchError) -> SupervisorOutcome {
        var machine = SupervisorMachine(
            workerCount: supervisor.workerCount, remoteHosts: launcher.remoteHosts,
            restartLimit: supervisor.restartLimit,
            exitMilliseconds: supervisor.exitMilliseconds, graceMilliseconds: supervisor.graceMilliseconds)
        defer { launcher.endAll() }
        try perform(machine.begin(), &machine)
        hasStarted = true
        while true {
            if let outcome { return outcome }
            let pause = machine.deadline.map { Int($0 - min($0, now)) }
            switch signals.next(timeoutMilliseconds: pause) {
            case nil: break
            case SIGCHLD:
                while let (child, change) = launcher.nextChange() {
                    switch change {
                    case .stopped: try perform(machine.stopped(child), &machine)
                    case .ended(let status): try perform(machine.ended(child, status, now: now), &machine)
                    }
                }
            case let signal?: try perform(machine.signalled(ProcessSignal(rawValue: signal), now: now), &machine)
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
                let start = Supervisor.CoordinatorStart(
                    address: address, announcementFile: announcementFile, isSuccessor: isSuccessor,
                    announcedRun: isSuccessor ? RunAnnouncement.run(in: announcementFile) : nil,
                    workerCount: workerCount)
                try self.start(.coordinator, supervisor.coordinatorArguments(start), &machine)
            case .startWorker(let index):
                try start(.worker(index), supervisor.workerArguments(address, index), &machine)
            case .notify(let child, let news): launcher.notify(child, news)
            case .send(let signal, let child): launcher.send(signal, to: child)
            case .hangUpWorkers: launcher.hangUpWorkers()
            case .note(let text): supervisor.note(text)
            case .finish(let outcome): self.outcome = outcome
            }
        }
    }

    /// Starts a child. A failure among the first starts ends the run; later the other children may continue.
    private mutating func start(
        _ child: SupervisedChild, _ arguments: [String], _ machine: inout SupervisorMachine
    ) throws(LaunchError) {
        let identifier: Int32
        do {
            identifier = try launcher.start(child, arguments: arguments)
        } catch {
            guard hasStarted else { throw error }
            return try perform(machine.startFailed(child, error.description, now: now), &machine)
        }
        try perform(machine.started(child, identifier), &machine)
    }
}
