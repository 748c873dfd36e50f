import Coordination
import Datasets
import Experiments
import NeuralNetwork
import Training

/// Which kind of failure an error is, as the coordinator is told.
enum FailureKind {
    static func of(_ error: any Error) -> WorkerFailure.Kind {
        switch error {
        case is DatasetError, is ClusterError: .data
        case is ExperimentError, is ModelError, is CheckpointError: .experiment
        default: .internal
        }
    }

    /// The failure of a step with what is to be said about it; nil when the exchange was interrupted on purpose.
    static func ofStep(_ error: any Error) -> (kind: WorkerFailure.Kind, message: String)? {
        switch error {
        // These kinds say it all.
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
