/// One fault of a plan: what befalls which process, and when.
public struct Fault: Sendable, Hashable {
    public enum Direction: String, Sendable, CaseIterable {
        /// What others send to the target is lost.
        case inward = "in"
        /// What the target sends is lost.
        case outward = "out"
        case both
    }

    /// How `kill` ends a process.
    public enum Signal: String, Sendable, CaseIterable {
        case kill = "KILL"
        case segmentationFault = "SEGV"
        case abort = "ABRT"
        case trap = "TRAP"
    }

    public var kind: FaultKind
    public var target: FaultTarget
    public var trigger: FaultTrigger

    /// How long it lasts; nil for the kind's default.
    public var durationMilliseconds: Int?
    /// How many times longer a step takes.
    public var factor: Double?
    /// What each step or frame takes longer.
    public var addedMilliseconds: Int?
    /// The share of frames that it befalls.
    public var share: Double?
    public var direction: Direction?
    public var exitCode: Int32?
    public var signal: Signal?
    /// How many operations fail.
    public var times: Int?
    /// Only files with this in their name.
    public var file: String?
    /// The bit of the element that changes.
    public var bit: Int?
    /// Which float of a gradient or byte of a file changes, modulo their number.
    public var element: Int?

    public init(_ kind: FaultKind, _ target: FaultTarget, _ trigger: FaultTrigger) {
        self.kind = kind
        self.target = target
        self.trigger = trigger
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
        add(.signal, signal?.rawValue)
        add(.code, exitCode)
        add(.factor, factor)
        add(.added, addedMilliseconds)
        add(.share, share)
        add(.direction, direction?.rawValue)
        add(.times, times)
        add(.file, file)
        add(.bit, bit)
        add(.element, element)
        add(.duration, durationMilliseconds)
        return words.joined(separator: " ")
    }
}
