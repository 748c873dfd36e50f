/// How a step changes the parameters.
public struct OptimizerConfiguration: Sendable, Equatable {
    public var method: Method
    /// The factor on the method's learning rate over time.
    public var schedule: LearningRateSchedule
    /// Gradients whose norm over all parameters is larger are scaled down to it; nil clips nothing.
    public var clippingNorm: Float?

    public init(
        _ method: Method, schedule: LearningRateSchedule = .constant, clippingNorm: Float? = nil
    ) {
        self.method = method
        self.schedule = schedule
        self.clippingNorm = clippingNorm
    }

    public static func adam(_ configuration: AdamConfiguration) -> Self { Self(.adam(configuration)) }

    public enum Method: Sendable, Equatable {
        case sgd(SGDConfiguration)
        case adam(AdamConfiguration)
        case rmsprop(RMSpropConfiguration)
    }

    /// The rate before the schedule's factor.
    public var learningRate: Float {
        switch method {
        case .sgd(let sgd): sgd.learningRate
        case .adam(let adam): adam.learningRate
        case .rmsprop(let rmsprop): rmsprop.learningRate
        }
    }
}

/// Whose formula is meant where Keras's and PyTorch's optimizers differ.
public enum OptimizerConvention: String, Sendable, Equatable, CaseIterable {
    case keras
    case torch
}

/// Gradient descent; defaults are Keras's.
public struct SGDConfiguration: Sendable, Equatable {
    public var learningRate: Float
    public var momentum: Float
    public var isNesterov: Bool
    public var convention: OptimizerConvention

    public init(
        learningRate: Float = 0.01, momentum: Float = 0, isNesterov: Bool = false,
        convention: OptimizerConvention = .keras
    ) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.isNesterov = isNesterov
        self.convention = convention
    }
}

/// Adam's constants (Kingma & Ba 2015), with Keras's defaults; with a weight decay it is AdamW (Loshchilov & Hutter
/// 2019).
public struct AdamConfiguration: Sendable, Equatable {
    public var learningRate: Float
    public var beta1: Float
    public var beta2: Float
    public var epsilon: Float
    /// Each step takes learningRate · weightDecay of every kernel and bias first.
    public var weightDecay: Float
    public var convention: OptimizerConvention

    public init(
        learningRate: Float = 0.001, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-7,
        weightDecay: Float = 0, convention: OptimizerConvention = .keras
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.convention = convention
    }
}

/// RMSprop's constants (Hinton's lecture 6e, 2012), with Keras's defaults.
public struct RMSpropConfiguration: Sendable, Equatable {
    public var learningRate: Float
    /// The share of the mean square that a step keeps.
    public var rho: Float
    public var momentum: Float
    public var epsilon: Float
    public var convention: OptimizerConvention

    public init(
        learningRate: Float = 0.001, rho: Float = 0.9, momentum: Float = 0, epsilon: Float = 1e-7,
        convention: OptimizerConvention = .keras
    ) {
        self.learningRate = learningRate
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.convention = convention
    }
}
