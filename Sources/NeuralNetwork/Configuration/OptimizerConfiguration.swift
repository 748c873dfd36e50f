/// The optimizer and its constants; defaults are Keras's.
public enum OptimizerConfiguration: Sendable, Equatable {
    case adam(AdamConfiguration)

    public var learningRate: Float {
        switch self {
        case .adam(let adam): adam.learningRate
        }
    }
}

/// Adam's constants (Kingma & Ba 2015), with Keras's defaults.
public struct AdamConfiguration: Sendable, Equatable {
    public var learningRate: Float
    public var beta1: Float
    public var beta2: Float
    public var epsilon: Float

    public init(learningRate: Float = 0.001, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-7) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }
}
