import Collectives
import Coordination
import Datasets
import Experiments
import NeuralNetwork
import Training

/// Maps an error of the compute thread to the failure that is reported to the coordinator.
enum FailureKind {
    static func of(_ error: any Error) -> WorkerFailure.Kind {
        switch error {
        case is DatasetError, is ClusterError: .data
        case is ExperimentError, is ModelError, is CheckpointError: .experiment
        default: .internal
        }
    }

    /// The failure of a step and its message; nil when a new view interrupted the exchange.
    static func ofStep(_ error: any Error) -> (kind: WorkerFailure.Kind, message: String)? {
        switch error {
        // The description of these kinds is complete without a message.
        case TrainingError.nonFiniteLoss(let step, let microBatch):
            (.nonFinite(step: UInt64(step), microBatch: UInt32(microBatch), what: "the loss"), "")
        case TrainingError.nonFiniteValidationLoss(_, let step, let microBatch):
            (.nonFinite(step: UInt64(step), microBatch: UInt32(microBatch), what: "the validation loss"), "")
        case TrainingError.nonFiniteGradient(let step):
            (.nonFinite(step: UInt64(step), microBatch: nil, what: "the gradient"), "")
        case let error as AuditMismatchError: (.auditMismatch(error.mismatch), "")
        case let error as ExchangeError: error.failureKind.map { ($0, String(describing: error)) }
        default: (.internal, String(describing: error))
        }
    }
}

/// Why an exchange with peers failed, and which peer is responsible.
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

    /// The failure that is reported; nil when a new view interrupted the exchange.
    var failureKind: WorkerFailure.Kind? {
        if case .interrupted = cause { return nil }
        return rank.map { .peerLost(rank: $0) } ?? .internal
    }

    var description: String { cause.description }
}
