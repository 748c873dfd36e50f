import Glibc

/// Why local processes could not be started or supervised.
package enum LaunchError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A system call failed: what was tried, and the error number.
    case system(String, Int32)
    /// What is to run beside the processes cannot; the text says why.
    case preparation(String)

    package var description: String {
        switch self {
        case .preparation(let text): text
        case .system(let action, let number): "cannot \(action): \(String(cString: strerror(number)))"
        }
    }
}
