/// The operations on an element of the gradient before the optimizer uses it, in this order, each operation rounded to
/// binary32:
///
///     g = gradientSum / batchSize
///     g = fma(2 · l2, w, g)
///     g = fma(l1, sign w, g)       sign ±0 = 0
///     g = g · clipFactor
///
/// These are the gradients of the penalties l2 · Σ w² and l1 · Σ |w| (Keras's convention), which are part of the loss; so clipping
/// comes after them, in Keras as in PyTorch. If there is nothing to adjust (`clipFactor` 1, `l1` and `l2` 0), only the
/// division is done.
@frozen
public struct GradientAdjustment: Sendable {
    /// 1 leaves the gradient as it is.
    public var clipFactor: Float
    public var l1: Float
    public var l2: Float

    /// Nothing to adjust.
    @inlinable public static var none: GradientAdjustment { GradientAdjustment() }

    @inlinable
    public init(clipFactor: Float = 1, l1: Float = 0, l2: Float = 0) {
        self.clipFactor = clipFactor
        self.l1 = l1
        self.l2 = l2
    }
}

/// What `sumOfGradientSquares` sums: g as in `GradientAdjustment`, before clipping (`clipFactor` is not read).
@frozen
public struct GradientNormArguments {
    public var count: Int
    public var parameters: UnsafePointer<Float>
    public var gradientSum: UnsafePointer<Float>
    /// The batch size by which the gradient sum is divided.
    public var batchSize: Float
    public var adjustment: GradientAdjustment

    @inlinable
    public init(
        count: Int, parameters: UnsafePointer<Float>, gradientSum: UnsafePointer<Float>, batchSize: Float,
        adjustment: GradientAdjustment = .none
    ) {
        self.count = count
        self.parameters = parameters
        self.gradientSum = gradientSum
        self.batchSize = batchSize
        self.adjustment = adjustment
    }
}

/// One Adam or AdamW update of a range of a flat arena (Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019,
/// algorithm 2): g adjusted by `adjustment`; p −= weightDecay·p; m += (g − m)(1 − β₁); v += (g² − v)(1 − β₂); p −=
/// stepSize·m / (√v·secondRootScale + ε).
///
/// Keras 3 (adam.py) adds ε to the root of the uncorrected moment: stepSize = learningRate·√(1 − β₂ᵗ)/(1 − β₁ᵗ) and
/// secondRootScale = 1. PyTorch (torch/optim/adam.py) adds it to that of the corrected one: stepSize = learningRate/(1
/// − β₁ᵗ) and secondRootScale = 1/√(1 − β₂ᵗ). The caller computes them.
@frozen
public struct AdamArguments {
    public var count: Int
    public var parameters: UnsafeMutablePointer<Float>
    public var firstMoment: UnsafeMutablePointer<Float>
    public var secondMoment: UnsafeMutablePointer<Float>
    /// Floats from each parameter and slot to the place of its new value; 0 updates in place.
    public var resultOffset: Int
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
    /// The weight decay that is part of the gradient, as in PyTorch's Adam. One of both decays is 0.
    public var gradientDecay: Float
    public var adjustment: GradientAdjustment

    @inlinable
    public init(
        count: Int, parameters: UnsafeMutablePointer<Float>, firstMoment: UnsafeMutablePointer<Float>,
        secondMoment: UnsafeMutablePointer<Float>, gradientSum: UnsafePointer<Float>, batchSize: Float,
        stepSize: Float, beta1: Float, beta2: Float, epsilon: Float, secondRootScale: Float = 1,
        weightDecay: Float = 0, gradientDecay: Float = 0, adjustment: GradientAdjustment = .none, resultOffset: Int = 0
    ) {
        self.count = count
        self.parameters = parameters
        self.firstMoment = firstMoment
        self.secondMoment = secondMoment
        self.resultOffset = resultOffset
        self.gradientSum = gradientSum
        self.batchSize = batchSize
        self.stepSize = stepSize
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.secondRootScale = secondRootScale
        self.weightDecay = weightDecay
        self.gradientDecay = gradientDecay
        self.adjustment = adjustment
    }
}

/// Whose formula an optimizer follows where the two differ.
@frozen
public enum OptimizerConvention: String, Sendable, CaseIterable {
    /// Keras 3, keras/src/optimizers.
    case keras
    /// PyTorch 2, torch/optim.
    case torch
}

/// One update by gradient descent of a range of a flat arena; η is the learning rate, μ the momentum, g adjusted by
/// `adjustment`.
///
/// Without velocity: p −= η·g. Keras (sgd.py): v = μ·v − η·g, then p += v, or with Nesterov p += μ·v − η·g. PyTorch
/// (sgd.py, dampening 0): v = μ·v + g, then p −= η·v, or with Nesterov p −= η·(g + μ·v). They agree while η is
/// constant.
@frozen
public struct SGDArguments {
    public var count: Int
    public var parameters: UnsafeMutablePointer<Float>
    /// Nil without momentum.
    public var velocity: UnsafeMutablePointer<Float>?
    /// Floats from each parameter and slot to the place of its new value; 0 updates in place.
    public var resultOffset: Int
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
        usesNesterov: Bool = false, convention: OptimizerConvention = .keras, adjustment: GradientAdjustment = .none,
        resultOffset: Int = 0
    ) {
        self.count = count
        self.parameters = parameters
        self.velocity = velocity
        self.resultOffset = resultOffset
        self.gradientSum = gradientSum
        self.batchSize = batchSize
        self.learningRate = learningRate
        self.momentum = momentum
        self.usesNesterov = usesNesterov
        self.convention = convention
        self.adjustment = adjustment
    }
}

/// One RMSprop update (Tieleman & Hinton 2012, not centered) of a range of a flat arena; η is the learning rate, g
/// adjusted by `adjustment`.
///
/// v = ρ·v + (1 − ρ)·g². Keras (rmsprop.py) has ε inside the root: u = η·g / √(v + ε), then p −= u, or with momentum
/// b = μ·b + u and p −= b. PyTorch (rmsprop.py) has it outside: u = g / (√v + ε), then p −= η·u, or b = μ·b + u and p
/// −= η·b.
@frozen
public struct RMSpropArguments {
    public var count: Int
    public var parameters: UnsafeMutablePointer<Float>
    /// v, starting at zero.
    public var secondMoment: UnsafeMutablePointer<Float>
    /// b, starting at zero; nil without momentum.
    public var velocity: UnsafeMutablePointer<Float>?
    /// Floats from each parameter and slot to the place of its new value; 0 updates in place.
    public var resultOffset: Int
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
        convention: OptimizerConvention = .keras, adjustment: GradientAdjustment = .none, resultOffset: Int = 0
    ) {
        self.count = count
        self.parameters = parameters
        self.secondMoment = secondMoment
        self.velocity = velocity
        self.resultOffset = resultOffset
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

/// One Nadam update (Dozat 2016) of a range of a flat arena, g adjusted by `adjustment`: m += (g − m)(1 − β₁);
/// v += (g² − v)(1 − β₂); p −= (momentumScale·m + gradientScale·g) / (√v·secondRootScale + ε).
@frozen
public struct NadamArguments {
    public var count: Int
    public var parameters: UnsafeMutablePointer<Float>
    public var firstMoment: UnsafeMutablePointer<Float>
    public var secondMoment: UnsafeMutablePointer<Float>
    /// Floats from each parameter and slot to the place of its new value; 0 updates in place.
    public var resultOffset: Int
    public var gradientSum: UnsafePointer<Float>
    /// The batch size by which the gradient sum is divided.
    public var batchSize: Float
    /// The learning rate times the share of the mean gradient in the step.
    public var momentumScale: Float
    /// The learning rate times the share of the gradient itself.
    public var gradientScale: Float
    /// 1/√(1 − β₂ᵗ).
    public var secondRootScale: Float
    public var beta1: Float
    public var beta2: Float
    public var epsilon: Float
    public var adjustment: GradientAdjustment

    @inlinable
    public init(
        count: Int, parameters: UnsafeMutablePointer<Float>, firstMoment: UnsafeMutablePointer<Float>,
        secondMoment: UnsafeMutablePointer<Float>, gradientSum: UnsafePointer<Float>, batchSize: Float,
        momentumScale: Float, gradientScale: Float, secondRootScale: Float, beta1: Float, beta2: Float, epsilon: Float,
        adjustment: GradientAdjustment = .none, resultOffset: Int = 0
    ) {
        self.count = count
        self.parameters = parameters
        self.firstMoment = firstMoment
        self.secondMoment = secondMoment
        self.resultOffset = resultOffset
        self.gradientSum = gradientSum
        self.batchSize = batchSize
        self.momentumScale = momentumScale
        self.gradientScale = gradientScale
        self.secondRootScale = secondRootScale
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.adjustment = adjustment
    }
}

/// One Lion update (Chen et al. 2023, algorithm 2) of a range of a flat arena, g adjusted by `adjustment`: p −=
/// weightDecay·p; p −= learningRate · sign(β₁·m + (1 − β₁)·g); m = β₂·m + (1 − β₂)·g.
@frozen
public struct LionArguments {
    public var count: Int
    public var parameters: UnsafeMutablePointer<Float>
    public var firstMoment: UnsafeMutablePointer<Float>
    /// Floats from each parameter and slot to the place of its new value; 0 updates in place.
    public var resultOffset: Int
    public var gradientSum: UnsafePointer<Float>
    /// The batch size by which the gradient sum is divided.
    public var batchSize: Float
    public var learningRate: Float
    public var beta1: Float
    public var beta2: Float
    /// The learning rate times the weight decay.
    public var weightDecay: Float
    public var adjustment: GradientAdjustment

    @inlinable
    public init(
        count: Int, parameters: UnsafeMutablePointer<Float>, firstMoment: UnsafeMutablePointer<Float>,
        gradientSum: UnsafePointer<Float>, batchSize: Float, learningRate: Float, beta1: Float, beta2: Float,
        weightDecay: Float = 0, adjustment: GradientAdjustment = .none, resultOffset: Int = 0
    ) {
        self.count = count
        self.parameters = parameters
        self.firstMoment = firstMoment
        self.resultOffset = resultOffset
        self.gradientSum = gradientSum
        self.batchSize = batchSize
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.weightDecay = weightDecay
        self.adjustment = adjustment
    }
}
