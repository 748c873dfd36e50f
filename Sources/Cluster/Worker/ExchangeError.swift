import Collectives
import Coordination

/// Why an exchange with the peers failed, and which of them it is about.
struct ExchangeError: Error, CustomStringConvertible {
    /// The peer whose frames are missing or wrong.
    let rank: Int?
    let cause: AllReduceError

    init(rank: Int?, _ cause: AllReduceError) {
        self.rank = rank
        self.cause = cause
    }

    init(_ cause: AllReduceError) {
        let rank: Int? =
            switch cause {
            case .peerFault(let fault): fault.rank
            case .missing(let frame, _): frame.rank
            case .notTaken(let rank, _), .linkLost(let rank): rank
            case .interrupted, .buffersInUse, .transport: nil
            }
        self.init(rank: rank, cause)
    }

    /// What the coordinator is told; nothing when the exchange was interrupted on purpose.
    var failureKind: WorkerFailure.Kind? {
        if case .interrupted = cause { return nil }
        return rank.map { .peerLost(rank: $0) } ?? .internal
    }

    var description: String { cause.description }
}
