package import KernelInterface

/// Applies an optimizer's update to ranges of the flat arena. Holds constants only; the slots belong to the caller.
package struct Optimizer: Sendable {
    package let configuration: OptimizerConfiguration

    package init(_ configuration: OptimizerConfiguration) {
        self.configuration = configuration
    }

    /// Torch's names of the slots, each an arena that starts at zero.
    package var slotNames: [String] {
        switch configuration.method {
        case .sgd(let sgd): sgd.momentum == 0 ? [] : ["momentum_buffer"]
        case .adam: ["exp_avg", "exp_avg_sq"]
        case .rmsprop(let rmsprop): rmsprop.momentum == 0 ? ["square_avg"] : ["square_avg", "momentum_buffer"]
        }
    }

    /// What is the same for all elements in one update.
    package struct Step: Sendable {
        /// From 1.
        package var number: Int
        package var batchSize: Int
        /// After the schedule.
        package var learningRate: Float
        /// What clipping multiplies gradients by; 1 without.
        package var clipFactor: Float

        package init(number: Int, batchSize: Int, learningRate: Float, clipFactor: Float = 1) {
            precondition(batchSize >= 1 && number >= 1, "an update needs a batch and counts steps from 1")
            self.number = number
            self.batchSize = batchSize
            self.learningRate = learningRate
            self.clipFactor = clipFactor
        }
    }

    /// Updates the parameters and slots in `range` of the arena from the sum of the gradients over the batch.
    ///
    /// All pointers are to whole arenas, `slots` to as many as there are slot names. Each element is updated by itself,
    /// so threads may take parts of the arena in any split. Padding stays zero: a zero gradient leaves zero slots and
    /// parameters as they are.
    package func update(
        kernels: KernelTable, range: Range<Int>, regularization: Regularization = .none,
        parameters: UnsafeMutablePointer<Float>, slots: UnsafePointer<UnsafeMutablePointer<Float>>,
        gradientSum: UnsafePointer<Float>, step: Step
    ) {
        guard !range.isEmpty else { return }
        let place = ArenaPlace(
            count: range.count, parameters: parameters + range.lowerBound,
            gradientSum: gradientSum + range.lowerBound, batchSize: Float(step.batchSize),
            adjustment: GradientAdjustment(
                clipFactor: step.clipFactor, l1: regularization.l1, l2: regularization.l2))
        switch configuration.method {
        case .sgd(let sgd):
            let velocity = sgd.momentum == 0 ? nil : slots[0] + range.lowerBound
            kernels.sgdUpdate(sgd.arguments(place, velocity: velocity, step))
        case .adam(let adam):
            kernels.adamUpdate(
                adam.arguments(
                    place, firstMoment: slots[0] + range.lowerBound, secondMoment: slots[1] + range.lowerBound, step))
        case .rmsprop(let rmsprop):
            let velocity = rmsprop.momentum == 0 ? nil : slots[1] + range.lowerBound
            kernels.rmspropUpdate(
                rmsprop.arguments(place, secondMoment: slots[0] + range.lowerBound, velocity: velocity, step))
        }
    }
}

/// The memory of one update, and what is done to its gradients first.
struct ArenaPlace {
    let count: Int
    let parameters: UnsafeMutablePointer<Float>
    let gradientSum: UnsafePointer<Float>
    let batchSize: Float
    let adjustment: GradientAdjustment
}
