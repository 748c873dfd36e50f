/// Whose formula an optimizer follows where the two differ.
@frozen
public enum OptimizerConvention: Sendable {
    /// Keras 3, keras/src/optimizers.
    case keras
    /// PyTorch 2, torch/optim.
    case torch
}

/// One update by gradient descent of a range of a flat arena; η is the learning rate, μ the momentum, g as `adjustment` says.
///
/// Without velocity: p −= η·g. Keras (sgd.py): v = μ·v − η·g, then p += v, or with Nesterov p += μ·v − η·g. PyTorch
/// (sgd.py, dampening 0): v = μ·v + g, then p −= η·v, or with Nesterov p −= η·(g + μ·v). They agree while η is constant.
@frozen
public struct SGDArguments {
    public var count: Int
    public var parameters: UnsafeMutablePointer<Float>
    /// Nil without momentum.
    public var velocity: UnsafeMutablePointer<Float>?
    public var gradientSum: UnsafePointer<Float>
    /// The batch size by which the gradient sum is divided.
    public var batchSize: Float
    public var learningRate: Float
    public var momentum: Float
    public var usesNesterov: Bool
    public var convention: OptimizerConvention
    public var adjustment: GradientAdjustment

    @inlinable
    public init(
        count: Int, parameters: UnsafeMutablePointer<Float>, velocity: UnsafeMutablePointer<Float>?,
        gradientSum: UnsafePointer<Float>, batchSize: Float, learningRate: Float, momentum: Float = 0,
        usesNesterov: Bool = false, convention: OptimizerConvention = .keras, adjustment: GradientAdjustment = .none
    ) {
        self.count = count
        self.parameters = parameters
        self.velocity = velocity
        self.gradientSum = gradientSum
        self.batchSize = batchSize
        self.learningRate = learningRate
        self.momentum = momentum
        self.usesNesterov = usesNesterov
        self.convention = convention
        self.adjustment = adjustment
    }
}
