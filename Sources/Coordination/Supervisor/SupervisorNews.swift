/// What a supervisor reports to its children about each other, one line of standard input each.
///
/// | line | receiver | meaning |
/// |---|---|---|
/// | `predecessor MILLISECONDS REASON` | a successor | when and why the coordinator before it ended |
/// | `children PID…` | a coordinator, before anything else | the workers of this host that run now |
/// | `started PID` | a coordinator | another worker runs |
/// | `exited PID CODE` | a coordinator | a worker ended |
/// | `signalled PID NUMBER` | a coordinator | a signal ended a worker |
/// | `stopped PID` | a coordinator | a signal suspended a worker; the supervisor kills it |
/// | `stop NUMBER` | a coordinator | a signal asks the run to end |
/// | `coordinator` | a worker | the coordinator died, and its successor starts at the same address |
package enum SupervisorNews: Sendable, Equatable {
    /// Its time is in milliseconds of the monotonic clock.
    case predecessor(CoordinatorLoss)
    case children([Int32])
    case started(Int32)
    case ended(Int32, ChildStatus)
    case stopped(Int32)
    case stop(ProcessSignal)
    case successor

    /// The line without its end.
    package var line: String {
        switch self {
        case .predecessor(let loss): "predecessor \(loss.noticedMilliseconds) \(loss.reason)"
        case .children(let identifiers): (["children"] + identifiers.map(String.init)).joined(separator: " ")
        case .started(let identifier): "started \(identifier)"
        case .ended(let identifier, .exited(let code)): "exited \(identifier) \(code)"
        case .ended(let identifier, .signalled(let signal)): "signalled \(identifier) \(signal.rawValue)"
        case .stopped(let identifier): "stopped \(identifier)"
        case .stop(let signal): "stop \(signal.rawValue)"
        case .successor: "coordinator"
        }
    }

    /// Reads a line; nil for any other text.
    package init?(_ line: String) {
        let words = line.split(separator: " ").map(String.init)
        if words.first == "predecessor" {
            guard words.count > 2, let time = UInt64(words[1]) else { return nil }
            self = .predecessor(
                CoordinatorLoss(reason: words[2...].joined(separator: " "), noticedMilliseconds: time))
            return
        }
        let numbers = words.dropFirst().compactMap { Int32($0) }
        guard let verb = words.first, numbers.count == words.count - 1 else { return nil }
        switch (verb, numbers.count) {
        case ("children", _): self = .children(numbers)
        case ("started", 1): self = .started(numbers[0])
        case ("exited", 2): self = .ended(numbers[0], .exited(code: numbers[1]))
        case ("signalled", 2): self = .ended(numbers[0], .signalled(ProcessSignal(rawValue: numbers[1])))
        case ("stopped", 1): self = .stopped(numbers[0])
        case ("stop", 1): self = .stop(ProcessSignal(rawValue: numbers[0]))
        case ("coordinator", 0): self = .successor
        default: return nil
        }
    }
}
