import Collectives
import Transport

/// Why an all-reduce could not be finished.
enum AllReduceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A worker sent what it must not send, or its bytes were damaged.
    case peerFault(PeerFault)
    /// The deadline passed while a frame of this rank was missing.
    case missing(MissingFrame, milliseconds: Int)
    /// The deadline passed before this rank's connection took our frames.
    case notTaken(rank: Int, milliseconds: Int)
    /// The connection to this rank ended.
    case linkLost(rank: Int)
    /// The interrupt event was signalled; `finish` may be called again.
    case interrupted
    /// libzmq still uses the memory of the step before the last.
    case buffersInUse(milliseconds: Int)
    /// The network failed on this side.
    case transport(TransportError)

    var description: String {
        switch self {
        case .peerFault(let fault): "all-reduce: \(fault)"
        case .missing(let frame, let milliseconds):
            "all-reduce: rank \(frame.rank) sent no \(frame.kind) for bucket \(frame.bucket) within \(milliseconds) ms"
        case .notTaken(let rank, let milliseconds):
            "all-reduce: rank \(rank) took no frames for \(milliseconds) ms"
        case .linkLost(let rank): "all-reduce: the connection to rank \(rank) ended"
        case .interrupted: "all-reduce: interrupted by a new view"
        case .buffersInUse(let milliseconds):
            "all-reduce: sent gradients were not given back within \(milliseconds) ms"
        case .transport(let error): "all-reduce: \(error)"
        }
    }
}
