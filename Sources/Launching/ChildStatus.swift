import Glibc

/// How a child ended or stopped, as `waitid` tells it.
enum ChildStatus: Equatable, CustomStringConvertible {
    case exited(Int32)
    case killed(signal: Int32)
    case stopped(signal: Int32)

    var hasEnded: Bool {
        if case .stopped = self { false } else { true }
    }

    var description: String {
        switch self {
        case .exited(let code): "exited with code \(code)"
        case .killed(let signal): "was killed by \(Self.name(ofSignal: signal))"
        case .stopped(let signal): "was stopped by \(Self.name(ofSignal: signal))"
        }
    }

    /// The next child that ended or stopped, or nil when none did. Never blocks.
    static func next() -> (processIdentifier: pid_t, status: ChildStatus)? {
        while true {
            var information = siginfo_t()
            let result = waitid(P_ALL, 0, &information, WEXITED | WSTOPPED | WNOHANG)
            if result != 0 && errno == EINTR { continue }
            guard result == 0 else { return nil }
            let child = information._sifields._sigchld
            guard child.si_pid != 0 else { return nil }
            switch information.si_code {
            case Int32(CLD_EXITED): return (child.si_pid, .exited(child.si_status))
            case Int32(CLD_STOPPED), Int32(CLD_TRAPPED): return (child.si_pid, .stopped(signal: child.si_status))
            default: return (child.si_pid, .killed(signal: child.si_status))
            }
        }
    }

    private static func name(ofSignal signal: Int32) -> String {
        switch signal {
        case SIGABRT: "SIGABRT"
        case SIGBUS: "SIGBUS"
        case SIGFPE: "SIGFPE"
        case SIGHUP: "SIGHUP"
        case SIGILL: "SIGILL"
        case SIGINT: "SIGINT"
        case SIGKILL: "SIGKILL"
        case SIGPIPE: "SIGPIPE"
        case SIGQUIT: "SIGQUIT"
        case SIGSEGV: "SIGSEGV"
        case SIGSTOP: "SIGSTOP"
        case SIGTERM: "SIGTERM"
        case SIGTRAP: "SIGTRAP"
        case SIGTSTP: "SIGTSTP"
        default: "signal \(signal)"
        }
    }
}
