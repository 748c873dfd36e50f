/// A process that the supervisor starts and restarts.
package enum SupervisedChild: Hashable, Sendable {
    case coordinator
    case worker(Int)
}

/// A POSIX signal by its Linux number.
package struct ProcessSignal: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    package static let hangUp = ProcessSignal(rawValue: 1)
    package static let interrupt = ProcessSignal(rawValue: 2)
    package static let kill = ProcessSignal(rawValue: 9)
    /// What batch systems send some time before a job's end.
    package static let user1 = ProcessSignal(rawValue: 10)
    package static let terminate = ProcessSignal(rawValue: 15)

    /// Whether a process raises it by its own error: SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE or SIGSEGV.
    package var isTrap: Bool { [4, 5, 6, 7, 8, 11].contains(rawValue) }

    /// `SIGKILL`; `SIG` and the number for a signal without a name here. Never contains a space.
    package var description: String {
        switch rawValue {
        case 1: "SIGHUP"
        case 2: "SIGINT"
        case 3: "SIGQUIT"
        case 4: "SIGILL"
        case 5: "SIGTRAP"
        case 6: "SIGABRT"
        case 7: "SIGBUS"
        case 8: "SIGFPE"
        case 9: "SIGKILL"
        case 10: "SIGUSR1"
        case 11: "SIGSEGV"
        case 13: "SIGPIPE"
        case 15: "SIGTERM"
        case 19: "SIGSTOP"
        case 20: "SIGTSTP"
        default: "SIG\(rawValue)"
        }
    }
}

/// How a child process ended.
package enum ChildStatus: Sendable, Equatable, CustomStringConvertible {
    case exited(code: Int32)
    case signalled(ProcessSignal)

    package var description: String {
        switch self {
        case .exited(let code): "ended with exit code \(code)"
        case .signalled(let signal): "was killed by signal \(signal.rawValue) (\(signal))"
        }
    }
}

/// How a supervised run ended.
package enum SupervisorOutcome: Equatable, Sendable {
    /// The coordinator's exit code.
    case exited(Int32)
    /// A signal ended the coordinator and it has no successor; the text says how it ended.
    case coordinatorLost(String)
    /// A second signal ended all processes at once.
    case endedAtOnce(ProcessSignal)
    /// The run did not end within the grace time after a signal.
    case graceExceeded(ProcessSignal)
}

/// What the supervisor's driver does next, in the order given.
package enum SupervisorAction: Equatable, Sendable {
    /// `workerCount` workers run or will run. A successor continues its predecessor's run.
    case startCoordinator(isSuccessor: Bool, workerCount: Int)
    case startWorker(Int)
    /// Writes a line to a child's standard input.
    case notify(SupervisedChild, SupervisorNews)
    case send(ProcessSignal, SupervisedChild)
    /// Closes the standard input of all workers: the run is over.
    case hangUpWorkers
    /// Shows a line to the user.
    case note(String)
    /// Ends all processes that still run.
    case finish(SupervisorOutcome)
}
