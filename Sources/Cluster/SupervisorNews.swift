package import Coordination

/// What a supervisor tells its children about each other, one line each.
package enum SupervisorNews: Sendable, Equatable {
    /// To a successor, before the children: how the coordinator before it ended, and when, in milliseconds of the monotonic
    /// clock.
    case predecessor(CoordinatorLoss)
    /// To the coordinator, first of all: the workers of this host that run now.
    case children([Int32])
    /// To the coordinator: another worker runs.
    case started(Int32)
    case ended(Int32, ChildStatus)
    case stopped(Int32)
    /// To a worker: the coordinator died, and its successor starts at the same address.
    case successor

    /// The line that says it.
    package var line: String {
        switch self {
        case .predecessor(let loss): "predecessor \(loss.noticedMilliseconds) \(loss.reason)"
        case .children(let identifiers): (["children"] + identifiers.map(String.init)).joined(separator: " ")
        case .started(let identifier): "started \(identifier)"
        case .ended(let identifier, .exited(let code)): "exited \(identifier) \(code)"
        case .ended(let identifier, .signalled(let number, let name)): "signalled \(identifier) \(number) \(name)"
        case .stopped(let identifier): "stopped \(identifier)"
        case .successor: "coordinator"
        }
    }

    /// Reads a line; nil when it says nothing known.
    package init?(_ line: String) {
        let words = line.split(separator: " ").map(String.init)
        if words.first == "predecessor", words.count > 2, let time = UInt64(words[1]) {
            self = .predecessor(
                CoordinatorLoss(reason: words[2...].joined(separator: " "), noticedMilliseconds: time))
            return
        }
        let numbers = words.dropFirst().map { Int32($0) }
        switch (words.first, numbers.count) {
        case ("children", _):
            guard !numbers.contains(nil) else { return nil }
            self = .children(numbers.compactMap { $0 })
        case ("started", 1):
            guard let identifier = numbers[0] else { return nil }
            self = .started(identifier)
        case ("exited", 2):
            guard let identifier = numbers[0], let code = numbers[1] else { return nil }
            self = .ended(identifier, .exited(code: code))
        case ("signalled", 3):
            guard let identifier = numbers[0], let number = numbers[1] else { return nil }
            self = .ended(identifier, .signalled(number: number, name: words[3]))
        case ("stopped", 1):
            guard let identifier = numbers[0] else { return nil }
            self = .stopped(identifier)
        case ("coordinator", 0): self = .successor
        default: return nil
        }
    }
}
