/// One Adam or AdamW update of a range of a flat arena (Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2):
/// g as `adjustment` says; p −= weightDecay·p; m += (g − m)(1 − β₁); v += (g² − v)(1 − β₂); p −= stepSize·m / (√v·secondRootScale + ε).
///
/// Keras 3 (adam.py) adds ε to the root of the uncorrected moment: stepSize = learningRate·√(1 − β₂ᵗ)/(1 − β₁ᵗ) and
/// secondRootScale = 1. PyTorch (torch/optim/adam.py) adds it to that of the corrected one: stepSize = learningRate/(1 − β₁ᵗ) and
/// secondRootScale = 1/√(1 − β₂ᵗ). The caller computes them.
@frozen
public struct AdamArguments {
    public var count: Int
    public var parameters: UnsafeMutablePointer<Float>
    public var firstMoment: UnsafeMutablePointer<Float>
    public var secondMoment: UnsafeMutablePointer<Float>
    public var gradientSum: UnsafePointer<Float>
    /// The batch size by which the gradient sum is divided.
    public var batchSize: Float
    /// The learning rate with the bias corrections that belong to it.
    public var stepSize: Float
    public var beta1: Float
    public var beta2: Float
    public var epsilon: Float
    /// 1 in Keras's convention.
    public var secondRootScale: Float
    /// The learning rate times the weight decay of AdamW; 0 is Adam.
    public var weightDecay: Float
    public var adjustment: GradientAdjustment

    @inlinable
    public init(
        count: Int, parameters: UnsafeMutablePointer<Float>, firstMoment: UnsafeMutablePointer<Float>,
        secondMoment: UnsafeMutablePointer<Float>, gradientSum: UnsafePointer<Float>, batchSize: Float,
        stepSize: Float, beta1: Float, beta2: Float, epsilon: Float, secondRootScale: Float = 1,
        weightDecay: Float = 0, adjustment: GradientAdjustment = .none
    ) {
        self.count = count
        self.parameters = parameters
        self.firstMoment = firstMoment
        self.secondMoment = secondMoment
        self.gradientSum = gradientSum
        self.batchSize = batchSize
        self.stepSize = stepSize
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.secondRootScale = secondRootScale
        self.weightDecay = weightDecay
        self.adjustment = adjustment
    }
}
