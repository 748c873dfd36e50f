/// Which routes a command is for.
package enum RouteSelection: Sendable, Hashable, CustomStringConvertible {
    case all
    case named([String])

    /// `*`, or names with commas between.
    package var description: String {
        switch self {
        case .all: "*"
        case .named(let names): names.joined(separator: ",")
        }
    }
}

/// What a proxy can be told while it runs.
package enum ControlCommand: Sendable, Hashable {
    /// A fault begins.
    case set(RouteSelection, NetworkFault)
    /// This fault ends, and none that differs in anything.
    case unset(RouteSelection, NetworkFault)
    /// The faults of a kind end, or all.
    case clear(RouteSelection, NetworkFaultKind?)
    /// The standing connections break at once: all, or those of a process.
    case reset(RouteSelection, client: Int32?)
    /// What was done so far.
    case counts(RouteSelection)
}

extension ControlCommand: CustomStringConvertible {
    /// The longest control line, in bytes.
    package static let lineByteLimit = 65_536

    /// The control line from which `init(parsing:)` makes this command again.
    package var description: String {
        switch self {
        case .set(let routes, let fault): "set \(routes) \(fault)"
        case .unset(let routes, let fault): "unset \(routes) \(fault)"
        case .clear(let routes, let kind): "clear \(routes)" + (kind.map { " \($0.rawValue)" } ?? "")
        case .reset(let routes, let client): "reset \(routes)" + (client.map { " client=\($0)" } ?? "")
        case .counts(let routes): "counts \(routes)"
        }
    }

    /// Reads `set ROUTES KIND KEY=VALUE …` (or `unset`), `clear ROUTES [KIND]`, `reset ROUTES [client=PROCESS]` or
    /// `counts ROUTES`.
    package init(parsing line: String) throws(FaultProxyError) {
        do throws(CommandProblem) {
            try self.init(words: line.split { $0 == " " || $0 == "\t" || $0 == "\r" })
        } catch {
            throw .invalidCommand(line, reason: error.reason)
        }
    }

    private init(words: [Substring]) throws(CommandProblem) {
        let form = CommandProblem(
            "commands are set ROUTES KIND …, unset ROUTES KIND …, clear ROUTES, reset ROUTES "
                + "and counts ROUTES")
        guard words.count >= 2 else { throw form }
        let routes = RouteSelection(words[1])
        switch words[0] {
        case "set": self = .set(routes, try NetworkFault(words: words.dropFirst(2)))
        case "unset": self = .unset(routes, try NetworkFault(words: words.dropFirst(2)))
        case "clear" where words.count == 2: self = .clear(routes, nil)
        case "clear" where words.count == 3:
            self = .clear(routes, try NetworkFaultKind(naming: words[2]))
        case "reset" where words.count == 2: self = .reset(routes, client: nil)
        case "reset" where words.count == 3:
            guard words[2].hasPrefix("client="), let client = Int32(words[2].dropFirst("client=".count)), client > 0
            else { throw CommandProblem("client is the number of a process") }
            self = .reset(routes, client: client)
        case "counts" where words.count == 2: self = .counts(routes)
        default: throw form
        }
    }
}

extension RouteSelection {
    fileprivate init(_ text: Substring) {
        self = text == "*" ? .all : .named(text.split(separator: ",").map(String.init))
    }
}

/// What is wrong with a command, in words.
struct CommandProblem: Error {
    var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
