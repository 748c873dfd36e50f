package import Core
public import KernelInterface

/// RMSprop without centering. The defaults are Keras's.
package struct RMSprop: OptimizerMethod {
    package static let key = "rmsprop"
    package static let documentation = """
        RMSprop, not centered (Tieleman & Hinton 2012, lecture 6.5): v ← ρ·v + (1 − ρ)·g². Keras has ε inside the root, \
        u = η·g / √(v + ε), then w ← w − u, or with momentum b ← μ·b + u and w ← w − b. PyTorch has it outside, \
        u = g / (√v + ε), then w ← w − η·u, or with momentum b ← μ·b + u and w ← w − η·b.
        """

    package var learningRate: Float
    /// The share of the mean square that a step keeps.
    package var rho: Float
    /// The share of the velocity that a step keeps; 0 has no velocity.
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

    package init() { self.init(convention: .keras) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(learningRate: &learningRate)
        try visitor.visit("rho", &rho, .within(0..<1), "The share of the mean square that a step keeps.")
        try visitor.visit("momentum", &momentum, .within(0..<1), "The share of the velocity that a step keeps.")
        try visitor.visit("epsilon", &epsilon, .above(0), "Keeps the divisor from being zero.")
        try visitor.visit(convention: &convention)
    }

    package var slotNames: [String] { momentum == 0 ? ["square_avg"] : ["square_avg", "momentum_buffer"] }

    package func update(_ part: ArenaPart, _ step: OptimizerStep, kernels: KernelTable) {
        kernels.rmspropUpdate(
            RMSpropArguments(
                count: part.count, parameters: part.parameters, secondMoment: part.slot(0),
                velocity: momentum == 0 ? nil : part.slot(1), gradientSum: part.gradientSum, batchSize: part.batchSize,
                learningRate: step.learningRate, rho: rho, epsilon: epsilon, momentum: momentum, convention: convention,
                adjustment: part.adjustment, resultOffset: part.resultOffset))
    }
}

extension OptimizerConfiguration {
    /// RMSprop, not centered (Tieleman & Hinton 2012).
    public static func rmsprop(
        learningRate: Float = 0.001, rho: Float = 0.9, momentum: Float = 0, epsilon: Float = 1e-7,
        convention: OptimizerConvention = .keras
    ) -> Self {
        Self(
            RMSprop(
                learningRate: learningRate, rho: rho, momentum: momentum, epsilon: epsilon, convention: convention))
    }
}
