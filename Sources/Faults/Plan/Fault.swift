/// One fault of a plan: what befalls which process, and when.
package struct Fault: Sendable, Hashable {
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

    package var kind: FaultKind
    package var target: FaultTarget
    package var trigger: FaultTrigger

    /// How long it lasts; nil for the kind's default.
    package var durationMilliseconds: Int?
    /// How many times longer a step takes.
    package var factor: Double?
    /// What each step or frame takes longer.
    package var addedMilliseconds: Int?
    /// The share of frames that it befalls.
    package var share: Double?
    package var direction: Direction?
    package var exitCode: Int32?
    package var signal: Signal?
    /// How many operations fail.
    package var times: Int?
    /// Only files with this in their name.
    package var file: String?
    /// The bit of the element that changes.
    package var bit: Int?
    /// Which float of a gradient or byte of a file changes, modulo their number.
    package var element: Int?

    package init(_ kind: FaultKind, _ target: FaultTarget, _ trigger: FaultTrigger) {
        self.kind = kind
        self.target = target
        self.trigger = trigger
    }
}

extension Fault: CustomStringConvertible {
    /// The text from which `init(parsing:)` makes this fault again.
    package var description: String {
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
