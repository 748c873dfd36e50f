import Core

/// A name before the "=" in the text of a fault, in the order in which a text has them.
package enum FaultKey: String, Sendable, CaseIterable {
    // Which process, and when.
    case worker
    case coordinator
    case step
    case phase
    case occurrence
    case after
    // What happens.
    case signal
    case code
    case factor
    case added = "add"
    case share
    case rate
    case direction
    case times
    case file
    case bit
    case element
    case duration = "for"
    // Only in commands for a proxy.
    case client
    case connections
    case seed
    case behind
    case milliseconds = "ms"
}

/// A key that a kind of fault takes, with the values that it may have.
struct FaultParameter: Sendable {
    enum Form: Sendable {
        case whole(ClosedRange<Int>)
        /// Any number of 64 bits.
        case unsigned
        /// Above the first number, at most the second.
        case number(above: Double, atMost: Double)
        case choice([String])
        /// A part of a file's name.
        case name
    }

    let key: FaultKey
    let form: Form
    /// What the values mean, for messages.
    let expected: String
    /// The value of a fault whose text does not have the key.
    let defaultText: String?

    private init(_ key: FaultKey, _ form: Form, _ expected: String, default defaultText: String? = nil) {
        self.key = key
        self.form = form
        self.expected = expected
        self.defaultText = defaultText
    }

    /// The text of a value in its usual form; nil for a value that is not allowed.
    func normalized(_ text: String) -> String? {
        switch form {
        case .whole(let range): return Int(text).flatMap { range.contains($0) ? String($0) : nil }
        case .unsigned: return UInt64(text).map { String($0) }
        case .number(let low, let high):
            guard let value = Double(text), value > low, value <= high else { return nil }
            return String(value)
        case .choice(let choices): return choices.contains(text) ? text : nil
        case .name:
            let isPlain = text.unicodeScalars.allSatisfy { ("!"..."~").contains($0) && $0 != "/" }
            return !text.isEmpty && text.utf8.count <= 100 && isPlain ? text : nil
        }
    }

    /// `key=`, with the default value if there is one.
    var documentation: String { "`\(key.rawValue)=\(defaultText ?? "")`" }

    /// A day.
    static let millisecondLimit = 86_400_000
    /// An hour: the longest that a proxy delays a message.
    static let delayLimit = 3_600_000

    // MARK: Of faults in a plan

    static let signal = FaultParameter(
        .signal, .choice(Fault.Signal.allCases.map(\.rawValue)), oneOf(Fault.Signal.allCases.map(\.rawValue)),
        default: Fault.Signal.kill.rawValue)
    static let code = FaultParameter(.code, .whole(1...255), "an exit code from 1 to 255", default: "1")
    static let factor = FaultParameter(.factor, .number(above: 1, atMost: 1000), "a number above 1, at most 1000")
    static let direction = FaultParameter(
        .direction, .choice(Fault.Direction.allCases.map(\.rawValue)), oneOf(Fault.Direction.allCases.map(\.rawValue)),
        default: Fault.Direction.both.rawValue)
    static let times = FaultParameter(.times, .whole(1...1000), "a number from 1 to 1000", default: "1")
    static let file = FaultParameter(.file, .name, "a part of a file's name")
    static let element = FaultParameter(.element, .whole(0...Int.max), "a number from 0", default: "0")

    static func duration(_ milliseconds: Int? = nil) -> FaultParameter {
        FaultParameter(
            .duration, .whole(1...millisecondLimit), "milliseconds from 1 to \(millisecondLimit)",
            default: milliseconds.map { String($0) })
    }

    static func added(_ milliseconds: Int? = nil) -> FaultParameter {
        FaultParameter(
            .added, .whole(1...millisecondLimit), "milliseconds from 1 to \(millisecondLimit)",
            default: milliseconds.map { String($0) })
    }

    static func share(_ share: Double) -> FaultParameter {
        FaultParameter(
            .share, .number(above: 0, atMost: 1), "a number above 0, at most 1",
            default: share == 1 ? "1" : String(share))
    }

    static func rate(_ bytesPerSecond: Int) -> FaultParameter {
        FaultParameter(
            .rate, .whole(1...1_000_000_000_000), "bytes per second from 1 to 1000000000000",
            default: String(bytesPerSecond))
    }

    static func bit(_ range: ClosedRange<Int>) -> FaultParameter {
        FaultParameter(.bit, .whole(range), "a bit's number, 0 to \(range.upperBound)", default: "0")
    }

    // MARK: Of commands for a proxy

    /// What every command takes.
    static let ofEveryRoute: [FaultParameter] = [
        FaultParameter(
            .direction, .choice(FlowDirection.allCases.map(\.rawValue) + ["both"]), "to-target, to-client or both",
            default: "both"),
        FaultParameter(.client, .whole(1...Int(Int32.max)), "the number of a process"),
        FaultParameter(.connections, .choice(["all", "standing"]), "all or standing", default: "all"),
    ]
    static let seed = FaultParameter(.seed, .unsigned, "a number from 0", default: "1")
    static let behind = FaultParameter(.behind, .whole(1...10_000), "a number from 1 to 10000", default: "1")
    static let milliseconds = FaultParameter(
        .milliseconds, .whole(0...delayLimit), "milliseconds from 0 to \(delayLimit)")

    private static func oneOf(_ names: [String]) -> String { "one of " + names.joined(separator: ", ") }
}
