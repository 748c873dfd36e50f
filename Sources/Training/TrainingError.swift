/// Why training could not go on.
package enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A micro-batch's loss is NaN or infinite. `step` counts from 1, `microBatch` from 0.
    case nonFiniteLoss(step: Int, microBatch: Int)
    /// A loss of the validation that ends an epoch is NaN or infinite. `epoch` counts from 1, `step` is the last complete one.
    case nonFiniteValidationLoss(epoch: Int, step: Int, microBatch: Int)
    /// The losses are finite but the summed gradient is not. `step` counts from 1.
    case nonFiniteGradient(step: Int)

    package var description: String {
        switch self {
        case .nonFiniteLoss(let step, let microBatch):
            "the loss of micro-batch \(microBatch) in step \(step) is not a finite number; "
                + "try a smaller learning rate, or look at the input"
        case .nonFiniteValidationLoss(let epoch, let step, let microBatch):
            "the loss of piece \(microBatch) of epoch \(epoch)'s validation, after step \(step), is not a finite number; "
                + "try a smaller learning rate, or look at the input"
        case .nonFiniteGradient(let step):
            "the gradient of step \(step) is not finite; try a smaller learning rate, or look at the input"
        }
    }
}
