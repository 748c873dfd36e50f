import Collectives
import Transport

/// Why an all-reduce could not be finished.
enum AllReduceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A worker sent a frame that breaks the protocol, or too many damaged frames.
    case peerFault(PeerFault)
    /// The deadline passed while a frame of this rank was missing.
    case missing(MissingFrame, milliseconds: Int)
    /// The deadline passed while the link to this rank was full.
    case notTaken(rank: Int, milliseconds: Int)
    /// The connection to this rank ended.
    case linkLost(rank: Int)
    /// The interrupt event was signalled; `finish` may be called again.
    case interrupted
    /// The transport still uses the memory of the step before the last.
    case buffersInUse(milliseconds: Int)
    /// The transport failed on this side.
    case transport(TransportError)

    var description: String {
        switch self {
        case .peerFault(let fault): "all-reduce: \(fault)"
        case .missing(let frame, let milliseconds):
            "all-reduce: rank \(frame.rank) sent no \(frame.kind) for bucket \(frame.bucket) within \(milliseconds) ms"
        case .notTaken(let rank, let milliseconds):
            "all-reduce: rank \(rank) received no frames for \(milliseconds) ms"
        case .linkLost(let rank): "all-reduce: the connection to rank \(rank) ended"
        case .interrupted: "all-reduce: interrupted by a new view"
        case .buffersInUse(let milliseconds):
            "all-reduce: gradients were still being sent after \(milliseconds) ms"
        case .transport(let error): "all-reduce: \(error)"
        }
    }
}
