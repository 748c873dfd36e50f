internal import Glibc

/// The routes of a command.
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

/// A command for a running proxy.
package enum ControlCommand: Sendable, Hashable {
    /// A fault begins.
    case set(RouteSelection, TrafficFault)
    /// This fault ends; a fault that differs in any value does not.
    case unset(RouteSelection, TrafficFault)
    /// The faults of a kind end, or all.
    case clear(RouteSelection, FaultKind?)
    /// Open connections break at once: all, or those of a process.
    case reset(RouteSelection, client: Int32?)
    /// Asks for the counts.
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
        guard words.count >= 2, let routes = RouteSelection(words[1]) else { throw form }
        switch words[0] {
        case "set": self = .set(routes, try TrafficFault(words: words.dropFirst(2)))
        case "unset": self = .unset(routes, try TrafficFault(words: words.dropFirst(2)))
        case "clear" where words.count == 2: self = .clear(routes, nil)
        case "clear" where words.count == 3:
            self = .clear(routes, try FaultKind(ofRoute: words[2]))
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
    /// Nil for a text without a name.
    fileprivate init?(_ text: Substring) {
        let names = text.split(separator: ",").map(String.init)
        guard !names.isEmpty else { return nil }
        self = text == "*" ? .all : .named(names)
    }
}

/// Why a text is not a command.
struct CommandProblem: Error {
    var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// Cuts the bytes read from a descriptor into lines of a limited length.
struct ControlLines: ~Copyable {
    enum Line: Equatable {
        case text(String)
        /// Longer than `ControlCommand.lineByteLimit`.
        case tooLong
    }

    private let descriptor: Int32
    private var partial: [UInt8] = []
    private var isTooLong = false
    private(set) var hasEnded = false

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Reads once, and returns the lines that are complete.
    mutating func read() -> [Line] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        if count < 0 && (errno == EINTR || errno == EAGAIN) { return [] }
        guard count > 0 else {
            hasEnded = true
            return []
        }
        return append(bytes[..<count])
    }

    mutating func append(_ bytes: ArraySlice<UInt8>) -> [Line] {
        var lines: [Line] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(isTooLong ? .tooLong : .text(String(decoding: partial, as: UTF8.self)))
                partial.removeAll()
                isTooLong = false
            } else if partial.count < ControlCommand.lineByteLimit {
                partial.append(byte)
            } else {
                isTooLong = true
            }
        }
        return lines
    }
}
