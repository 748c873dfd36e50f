import Core
internal import Glibc

/// Why a proxy cannot be started, or a control line not be obeyed.
package enum FaultProxyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An address is not one that the proxy can use.
    case invalidAddress(String, reason: String)
    /// A route's name has other characters than letters, digits and hyphens, or stands twice.
    case invalidRouteName(String)
    /// No route has this name.
    case unknownRoute(String, known: [String])
    /// A control line is not a command.
    case invalidCommand(String, reason: String)
    /// A system call failed: what was tried, and the error number.
    case system(String, Int32)

    package var description: String {
        switch self {
        case .invalidAddress(let text, let reason): "\(quoted(text)) is not an address: \(reason)"
        case .invalidRouteName(let name):
            "\(quoted(name)) cannot name a route: use letters, digits and hyphens, each name once"
        case .unknownRoute(let name, let known):
            "there is no route \(quoted(name)): routes are \(known.joined(separator: ", "))"
        case .invalidCommand(let text, let reason): "\(quoted(text)) is not a command: \(reason)"
        case .system(let action, let number): "cannot \(action): \(String(cString: strerror(number)))"
        }
    }
}
