/// One RMSprop update (Tieleman & Hinton 2012, not centered) of a range of a flat arena; η is the learning rate, g as `adjustment` says.
///
/// v = ρ·v + (1 − ρ)·g². Keras (rmsprop.py) has ε inside the root: u = η·g / √(v + ε), then p −= u, or with momentum
/// b = μ·b + u and p −= b. PyTorch (rmsprop.py) has it outside: u = g / (√v + ε), then p −= η·u, or b = μ·b + u and p −= η·b.
@frozen
public struct RMSpropArguments {
    public var count: Int
    public var parameters: UnsafeMutablePointer<Float>
    /// v, starting at zero.
    public var secondMoment: UnsafeMutablePointer<Float>
    /// b, starting at zero; nil without momentum.
    public var velocity: UnsafeMutablePointer<Float>?
    public var gradientSum: UnsafePointer<Float>
    /// The batch size by which the gradient sum is divided.
    public var batchSize: Float
    public var learningRate: Float
    /// ρ; PyTorch calls it alpha.
    public var rho: Float
    public var epsilon: Float
    public var momentum: Float
    public var convention: OptimizerConvention
    public var adjustment: GradientAdjustment

    @inlinable
    public init(
        count: Int, parameters: UnsafeMutablePointer<Float>, secondMoment: UnsafeMutablePointer<Float>,
        velocity: UnsafeMutablePointer<Float>?, gradientSum: UnsafePointer<Float>, batchSize: Float,
        learningRate: Float, rho: Float, epsilon: Float, momentum: Float = 0,
        convention: OptimizerConvention = .keras, adjustment: GradientAdjustment = .none
    ) {
        self.count = count
        self.parameters = parameters
        self.secondMoment = secondMoment
        self.velocity = velocity
        self.gradientSum = gradientSum
        self.batchSize = batchSize
        self.learningRate = learningRate
        self.rho = rho
        self.epsilon = epsilon
        self.momentum = momentum
        self.convention = convention
        self.adjustment = adjustment
    }
}
