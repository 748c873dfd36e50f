internal import Core
package import KernelInterface

/// How a step changes the parameters: the method, its learning rate over time, and clipping. The file of each method
/// adds a function that makes it.
///
/// ```swift
/// let optimizer = OptimizerConfiguration.sgd(learningRate: 0.1, momentum: 0.9)
///     .scheduled(.cosine(warmUpEpochCount: 1))
///     .clipped(norm: 1)
/// ```
public struct OptimizerConfiguration: Sendable, Equatable {
    package var method: any OptimizerMethod
    /// The factor on the method's learning rate over time.
    package var schedule: any LearningRateSchedule
    /// Gradients whose norm over all parameters is larger are scaled down to it; nil clips nothing.
    package var clippingNorm: Float?

    package init(
        _ method: any OptimizerMethod, schedule: any LearningRateSchedule = ConstantSchedule(),
        clippingNorm: Float? = nil
    ) {
        self.method = method
        self.schedule = schedule
        self.clippingNorm = clippingNorm
    }

    /// The same optimizer with its learning rate on a schedule.
    public func scheduled(_ schedule: ScheduleConfiguration) -> Self {
        Self(method, schedule: schedule.schedule, clippingNorm: clippingNorm)
    }

    /// The same optimizer with gradients scaled down to `norm`, above 0, where their norm over all parameters is
    /// larger.
    public func clipped(norm: Float) -> Self {
        precondition(norm > 0, "gradients are clipped to a norm above 0, not to \(norm)")
        return Self(method, schedule: schedule, clippingNorm: norm)
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.method.isEqual(to: right.method) && left.schedule.isEqual(to: right.schedule)
            && left.clippingNorm == right.clippingNorm
    }
}

/// Applies an optimizer's update to ranges of the flat arena. Holds constants only; the slots belong to the caller.
package struct Optimizer: Sendable {
    package let configuration: OptimizerConfiguration

    package init(_ configuration: OptimizerConfiguration) {
        self.configuration = configuration
    }

    /// Torch's names of the slots, each an arena that starts at zero.
    package var slotNames: [String] { configuration.method.slotNames }

    package typealias Step = OptimizerStep

    /// Updates the parameters and slots in `range` of the arena from the sum of the gradients over the batch.
    /// New values are written `resultOffset` floats behind the old ones: in place with 0.
    ///
    /// All pointers are to whole arenas, `slots` to as many as there are slot names. Each element is updated by itself,
    /// so threads may take parts of the arena in any split. Padding stays zero: a zero gradient leaves zero slots and
    /// parameters as they are.
    package func update(
        kernels: KernelTable, range: Range<Int>, regularization: Regularization = .none,
        parameters: UnsafeMutablePointer<Float>, slots: UnsafePointer<UnsafeMutablePointer<Float>>,
        resultOffset: Int = 0, gradientSum: UnsafePointer<Float>, step: Step
    ) {
        guard !range.isEmpty else { return }
        let part = ArenaPart(
            range, parameters: parameters, gradientSum: gradientSum, slots: slots,
            resultOffset: resultOffset, step: step, regularization: regularization)
        configuration.method.update(part, step, kernels: kernels)
    }
}
