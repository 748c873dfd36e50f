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

    /// The failure of a step; nil when the exchange was interrupted on purpose.
    static func ofStep(_ error: any Error) -> WorkerFailure.Kind? {
        switch error {
        case TrainingError.nonFiniteLoss(let step, let microBatch):
            .nonFinite(step: UInt64(step), microBatch: UInt32(microBatch), what: "loss")
        case TrainingError.nonFiniteValidationLoss(_, let step, let microBatch):
            .nonFinite(step: UInt64(step), microBatch: UInt32(microBatch), what: "validation loss")
        case TrainingError.nonFiniteGradient(let step):
            .nonFinite(step: UInt64(step), microBatch: nil, what: "gradient")
        case let error as ExchangeError: error.failureKind
        default: .internal
        }
    }
}
