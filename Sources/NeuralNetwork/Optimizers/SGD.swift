package import Core
public import KernelInterface

/// Gradient descent, with momentum if wanted. The defaults are Keras's.
package struct SGD: OptimizerMethod {
    package static let key = "sgd"
    package static let documentation = """
        Gradient descent. Without momentum, w ← w − η·g. With momentum μ there is a velocity v. Keras: v ← μ·v − η·g, then \
        w ← w + v, or with Nesterov w ← w + μ·v − η·g. PyTorch: v ← μ·v + g, then w ← w − η·v, or with Nesterov \
        w ← w − η·(g + μ·v) (Sutskever et al. 2013). Both agree while η is constant.
        """

    package var learningRate: Float
    /// The share of the velocity that a step keeps; 0 has no velocity.
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

    package init() { self.init(convention: .keras) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(learningRate: &learningRate)
        try visitor.visit("momentum", &momentum, .within(0..<1), "The share of the velocity that a step keeps.")
        try visitor.visit("nesterov", &isNesterov, .truth, "Whether a step looks ahead along the velocity.")
        try visitor.visit(convention: &convention)
    }

    package var conflict: SettingConflict? {
        guard isNesterov, momentum == 0 else { return nil }
        return SettingConflict(
            key: "nesterov",
            reason: "there is no velocity to look ahead along: give a momentum above 0, or leave it out")
    }

    package var slotNames: [String] { momentum == 0 ? [] : ["momentum_buffer"] }

    package func update(_ part: ArenaPart, _ step: OptimizerStep, kernels: KernelTable) {
        kernels.sgdUpdate(
            SGDArguments(
                count: part.count, parameters: part.parameters, velocity: momentum == 0 ? nil : part.slot(0),
                gradientSum: part.gradientSum, batchSize: part.batchSize, learningRate: step.learningRate,
                momentum: momentum, usesNesterov: isNesterov, convention: convention, adjustment: part.adjustment,
                resultOffset: part.resultOffset))
    }
}

extension OptimizerConfiguration {
    /// Gradient descent, with momentum if wanted.
    public static func sgd(
        learningRate: Float = 0.01, momentum: Float = 0, isNesterov: Bool = false,
        convention: OptimizerConvention = .keras
    ) -> Self {
        Self(SGD(learningRate: learningRate, momentum: momentum, isNesterov: isNesterov, convention: convention))
    }
}
