import Glibc

/// Why local processes could not be started or supervised.
public enum LaunchError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A system call failed: what was tried, and the error number.
    case system(String, Int32)

    public var description: String {
        switch self {
        case .system(let action, let number): "cannot \(action): \(String(cString: strerror(number)))"
        }
    }
}
