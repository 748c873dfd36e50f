/// One fault of a plan: what happens to which process, and when.
///
/// ```swift
/// let fault = try Fault(parsing: "kill worker=1 step=40 phase=computing")
/// print(fault)
/// ```
public struct Fault: Sendable, Hashable {
    package enum Direction: String, Sendable, CaseIterable {
        /// What others send to the target is lost.
        case inward = "in"
        /// What the target sends is lost.
        case outward = "out"
        case both
    }

    /// How `kill` ends a process.
    package enum Signal: String, Sendable, CaseIterable {
        case kill = "KILL"
        case segmentationFault = "SEGV"
        case abort = "ABRT"
        case trap = "TRAP"
    }

    package let kind: FaultKind
    package let target: FaultTarget
    package var trigger: FaultTrigger
    /// Values of the kind's parameters in their usual form.
    private var values: [FaultKey: String] = [:]

    package init(_ kind: FaultKind, _ target: FaultTarget, _ trigger: FaultTrigger) {
        self.kind = kind
        self.target = target
        self.trigger = trigger
    }

    /// Gives a parameter a value.
    ///
    /// - Precondition: the kind takes the parameter, and the parameter the value.
    mutating func set(_ key: FaultKey, _ value: some CustomStringConvertible) {
        let text = parameter(key)?.normalized(value.description)
        precondition(text != nil, "\(kind.rawValue) takes no \(key.rawValue)=\(value)")
        values[key] = text
    }

    /// A value as it was given, or the kind's default; nil where there is neither.
    func text(_ key: FaultKey) -> String? { values[key] ?? parameter(key)?.defaultText }

    func whole(_ key: FaultKey) -> Int? { text(key).flatMap { Int($0) } }

    func number(_ key: FaultKey) -> Double? { text(key).flatMap { Double($0) } }

    /// How long it lasts, in milliseconds; nil for permanently.
    package var durationMilliseconds: Int? { whole(.duration) }

    private func parameter(_ key: FaultKey) -> FaultParameter? {
        kind.declaration.parameters.first { $0.key == key }
    }
}

extension Fault: CustomStringConvertible {
    /// The text from which `init(parsing:)` makes this fault again.
    public var description: String {
        var words = [kind.rawValue, target.description]
        func add(_ key: FaultKey, _ value: (some CustomStringConvertible)?) {
            if let value { words.append("\(key.rawValue)=\(value)") }
        }
        switch trigger {
        case .reached(let point, let step, let occurrence):
            add(.step, step)
            add(.phase, point?.rawValue)
            if occurrence > 1 { add(.occurrence, occurrence) }
        case .after(let milliseconds): add(.after, milliseconds)
        }
        for key in FaultKey.allCases { add(key, values[key]) }
        return words.joined(separator: " ")
    }
}

/// The process that a fault affects.
package enum FaultTarget: Sendable, Hashable, CustomStringConvertible {
    /// The worker of this number, which is called `worker-NUMBER`.
    case worker(Int)
    case coordinator

    /// Above every worker's number.
    static let workerLimit = 4096

    private static let namePrefix = "worker-"

    /// The target for a worker of this name; nil for a name without a number.
    package init?(workerName: String) {
        guard workerName.hasPrefix(Self.namePrefix) else { return nil }
        let digits = workerName.dropFirst(Self.namePrefix.count)
        guard let index = Int(digits), String(index) == digits, 0..<Self.workerLimit ~= index else { return nil }
        self = .worker(index)
    }

    /// `worker-1` or `coordinator`.
    package var name: String {
        switch self {
        case .worker(let index): Self.namePrefix + String(index)
        case .coordinator: "coordinator"
        }
    }

    /// As in a fault's text: `worker=1` or `coordinator`.
    package var description: String {
        switch self {
        case .worker(let index): "worker=\(index)"
        case .coordinator: "coordinator"
        }
    }
}

/// When a fault is triggered.
package enum FaultTrigger: Sendable, Hashable {
    /// The `occurrence`-th time (from 1) that the process reaches the failpoint at this step or a later one.
    ///
    /// Steps count from 1. Without a step every time counts; without a point, a worker's is `computing` and
    /// the coordinator's any.
    case reached(Failpoint?, step: UInt64?, occurrence: Int)
    /// This long after the first step of the run began.
    case after(milliseconds: Int)

    /// Whether reaching a failpoint of `target` counts.
    func matches(_ point: Failpoint, step: UInt64, of target: FaultTarget) -> Bool {
        guard case .reached(let wanted, let first, _) = self else { return false }
        let place = wanted ?? (target == .coordinator ? nil : .computing)
        return (place ?? point) == point && step >= first ?? 0
    }
}
