/// A name that stands before the "=" in a fault's text.
enum FaultKey: String, CaseIterable {
    case worker
    case coordinator
    case step
    case phase
    case occurrence
    case after
    case duration = "for"
    case factor
    case added = "add"
    case share
    case direction
    case code
    case signal
    case times
    case file
    case bit
    case element

    /// What every kind takes.
    static let common: [FaultKey] = [.worker, .coordinator, .step, .phase, .occurrence, .after]

    /// What its value may be, in words.
    var expected: String {
        switch self {
        case .worker: "a worker's number, 0 to \(FaultTarget.workerLimit - 1)"
        case .coordinator: "true, or just the word"
        case .step: "a step's number from 1"
        case .phase: "a phase's name"
        case .occurrence: "a number from 1"
        case .after, .duration: "milliseconds from 1 to \(Self.millisecondLimit)"
        case .added: "milliseconds from 1 to \(Self.millisecondLimit)"
        case .factor: "a number above 1, at most 1000"
        case .share: "a number above 0, at most 1"
        case .direction: "one of " + Fault.Direction.allCases.map(\.rawValue).joined(separator: ", ")
        case .code: "an exit code from 1 to 255"
        case .signal: "one of " + Fault.Signal.allCases.map(\.rawValue).joined(separator: ", ")
        case .times: "a number from 1 to 1000"
        case .file: "a part of a file's name"
        case .bit: "a bit's number, 0 to 31 (0 to 7 in a checkpoint)"
        case .element: "a number from 0"
        }
    }

    /// A day.
    static let millisecondLimit = 86_400_000
}
