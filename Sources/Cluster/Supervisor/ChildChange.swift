import Coordination
import Glibc

/// What became of a child, as `waitid` tells it.
enum ChildChange: Equatable {
    case ended(ChildStatus)
    case stopped

    /// The next child that ended or stopped, or nil when none did. Never blocks.
    static func next() -> (processIdentifier: pid_t, change: ChildChange)? {
        while true {
            var information = siginfo_t()
            let result = waitid(P_ALL, 0, &information, WEXITED | WSTOPPED | WNOHANG)
            if result != 0 && errno == EINTR { continue }
            guard result == 0 else { return nil }
            let child = information._sifields._sigchld
            guard child.si_pid != 0 else { return nil }
            switch information.si_code {
            case Int32(CLD_EXITED): return (child.si_pid, .ended(.exited(code: child.si_status)))
            case Int32(CLD_STOPPED), Int32(CLD_TRAPPED): return (child.si_pid, .stopped)
            default:
                let name = name(ofSignal: child.si_status)
                return (child.si_pid, .ended(.signalled(number: child.si_status, name: name)))
            }
        }
    }

    /// One word, for it is told in a line of words.
    static func name(ofSignal signal: Int32) -> String {
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
        default: "SIG\(signal)"
        }
    }
}
