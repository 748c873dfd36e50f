/// How a child process ended.
package enum ChildStatus: Sendable, Equatable, CustomStringConvertible {
    case exited(code: Int32)
    /// Ended by a signal; `name` like "SIGKILL".
    case signalled(number: Int32, name: String)

    package var description: String {
        switch self {
        case .exited(let code): "ended with exit code \(code)"
        case .signalled(let number, let name): "was killed by signal \(number) (\(name))"
        }
    }
}
