/// How a step changes the parameters.
package struct OptimizerConfiguration: Sendable, Equatable {
    package var method: Method
    /// The factor on the method's learning rate over time.
    package var schedule: LearningRateSchedule
    /// Gradients whose norm over all parameters is larger are scaled down to it; nil clips nothing.
    package var clippingNorm: Float?

    package init(
        _ method: Method, schedule: LearningRateSchedule = .constant, clippingNorm: Float? = nil
    ) {
        self.method = method
        self.schedule = schedule
        self.clippingNorm = clippingNorm
    }

    package static func adam(_ configuration: AdamConfiguration) -> Self { Self(.adam(configuration)) }

    package enum Method: Sendable, Equatable {
        case sgd(SGDConfiguration)
        case adam(AdamConfiguration)
        case rmsprop(RMSpropConfiguration)
    }

    /// The rate before the schedule's factor.
    package var learningRate: Float {
        switch method {
        case .sgd(let sgd): sgd.learningRate
        case .adam(let adam): adam.learningRate
        case .rmsprop(let rmsprop): rmsprop.learningRate
        }
    }
}

/// Whose formula is meant where Keras's and PyTorch's optimizers differ.
package enum OptimizerConvention: String, Sendable, Equatable, CaseIterable {
    case keras
    case torch
}

/// Gradient descent; defaults are Keras's.
package struct SGDConfiguration: Sendable, Equatable {
    package var learningRate: Float
    package var momentum: Float
    package var isNesterov: Bool
    package var convention: OptimizerConvention

    package init(
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
package struct AdamConfiguration: Sendable, Equatable {
    package var learningRate: Float
    package var beta1: Float
    package var beta2: Float
    package var epsilon: Float
    /// Each step takes learningRate · weightDecay of every kernel and bias first.
    package var weightDecay: Float
    package var convention: OptimizerConvention

    package init(
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
package struct RMSpropConfiguration: Sendable, Equatable {
    package var learningRate: Float
    /// The share of the mean square that a step keeps.
    package var rho: Float
    package var momentum: Float
    package var epsilon: Float
    package var convention: OptimizerConvention

    package init(
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
