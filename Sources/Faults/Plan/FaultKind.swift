/// What can be done to a run on purpose.
package enum FaultKind: String, Sendable, CaseIterable {
    /// The process ends by a signal.
    case kill
    /// The process is frozen (SIGSTOP), for ever or for a time.
    case stop
    /// Each step of a worker takes longer.
    case slow
    /// The process ends by itself.
    case exit
    case drop
    case duplicate
    case reorder
    case corrupt
    case delay
    /// The connection stands and carries nothing.
    case halfOpen = "half-open"
    case reset
    case partition
    case diskFull = "disk-full"
    case failWrite = "fail-write"
    case failSynchronize = "fail-fsync"
    case failRename = "fail-rename"
    /// A bit of a gradient, before it is sent.
    case flipGradient = "flip-gradient"
    /// A bit of the last checkpoint, after it was saved.
    case flipCheckpoint = "flip-checkpoint"

    /// The kinds in a list with commas between, as `kill,stop`.
    package static func list(_ text: String) throws(FaultError) -> [FaultKind] {
        var kinds: [FaultKind] = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let kind = FaultKind(rawValue: String(name)) else { throw FaultError(.unknownKind(String(name))) }
            kinds.append(kind)
        }
        return kinds
    }

    /// Whether a proxy between the processes does it.
    var isNetwork: Bool {
        switch self {
        case .drop, .duplicate, .reorder, .corrupt, .delay, .halfOpen, .reset, .partition: true
        default: false
        }
    }

    /// Whether it makes operations on files fail.
    package var isFile: Bool {
        switch self {
        case .diskFull, .failWrite, .failSynchronize, .failRename: true
        default: false
        }
    }

    /// Whether it can befall a worker.
    var concernsWorkers: Bool { !isFile && self != .flipCheckpoint }

    /// Whether it can befall the coordinator.
    var concernsCoordinator: Bool { self != .slow && self != .flipGradient }

    /// What may be said about it besides target and trigger.
    var parameters: [FaultKey] {
        switch self {
        case .kill: [.signal]
        case .stop, .halfOpen: [.duration]
        case .slow: [.factor, .added, .duration]
        case .exit: [.code]
        case .drop, .duplicate, .reorder, .corrupt: [.share, .duration]
        case .delay: [.added, .share, .duration]
        case .reset: []
        case .partition: [.direction, .duration]
        case .diskFull: [.duration, .file]
        case .failWrite, .failSynchronize, .failRename: [.times, .file]
        case .flipGradient: [.bit, .element]
        case .flipCheckpoint: [.bit, .element]
        }
    }
}
