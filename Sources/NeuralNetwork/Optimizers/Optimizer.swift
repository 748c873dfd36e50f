public import KernelInterface

/// Applies an optimizer's update to ranges of the flat arena. Holds constants only; the slots belong to the caller.
public struct Optimizer: Sendable {
    public let configuration: OptimizerConfiguration

    public init(_ configuration: OptimizerConfiguration) {
        self.configuration = configuration
    }

    /// Torch's names of the slots, each an arena that starts at zero.
    public var slotNames: [String] {
        switch configuration {
        case .adam: ["exp_avg", "exp_avg_sq"]
        }
    }

    /// Updates the parameters and slots in `range` of the arena from the sum of the gradients over the batch.
    ///
    /// All pointers are to whole arenas, `slots` to as many as there are slot names. Each element is updated by itself,
    /// so threads may take parts of the arena in any split. `step` counts from 1. Padding stays zero: a zero gradient
    /// leaves zero slots and parameters as they are.
    public func update(
        kernels: KernelTable, range: Range<Int>, parameters: UnsafeMutablePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, gradientSum: UnsafePointer<Float>, batchSize: Int, step: Int
    ) {
        precondition(batchSize >= 1 && step >= 1, "an update needs a batch and counts steps from 1")
        guard !range.isEmpty else { return }
        switch configuration {
        case .adam(let adam):
            let arguments = AdamArguments(
                count: range.count, parameters: parameters + range.lowerBound,
                firstMoment: slots[0] + range.lowerBound, secondMoment: slots[1] + range.lowerBound,
                gradientSum: gradientSum + range.lowerBound, batchSize: Float(batchSize),
                stepSize: adam.stepSize(step: step), beta1: adam.beta1, beta2: adam.beta2, epsilon: adam.epsilon)
            kernels.adamUpdate(arguments)
        }
    }
}
