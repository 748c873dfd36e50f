/// What a worker is doing, as it tells in its heartbeats.
package enum WorkerPhase: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    case learning = 0
    case linking = 1
    case waiting = 2
    case computing = 3
    case exchanging = 4
    case updating = 5
    case validating = 6
    case serializing = 7
    case finished = 8

    package var description: String {
        switch self {
        case .learning: "loading the experiment, data and state"
        case .linking: "connecting to its peers"
        case .waiting: "waiting for a grant"
        case .computing: "computing gradients"
        case .exchanging: "exchanging gradients"
        case .updating: "updating parameters"
        case .validating: "validating"
        case .serializing: "writing its state"
        case .finished: "done"
        }
    }
}
