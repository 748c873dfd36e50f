package import Core
package import KernelInterface

/// Adam with Nesterov momentum. The formula and the defaults are Keras's.
package struct Nadam: OptimizerMethod {
    package static let key = "nadam"
    package static let documentation = """
        Adam with Nesterov momentum (Dozat 2016), as Keras computes it. With μ_t = β₁·(1 − 0.96^t / 2) and \
        Π_t = μ_1·μ_2·…·μ_t: m ← m + (1 − β₁)(g − m), v ← v + (1 − β₂)(g² − v), \
        u = μ_{t+1}·m / (1 − Π_{t+1}) + (1 − μ_t)·g / (1 − Π_t), and w ← w − η·u / (√(v/(1 − β₂ᵗ)) + ε).
        """

    package var learningRate: Float
    package var beta1: Float
    package var beta2: Float
    package var epsilon: Float

    package init(learningRate: Float = 0.001, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    package init() { self.init(epsilon: 1e-7) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(learningRate: &learningRate)
        try visitor.visit("beta_1", &beta1, .within(0..<1), "The share of the mean gradient that a step keeps.")
        try visitor.visit("beta_2", &beta2, .within(0..<1), "The share of the mean square that a step keeps.")
        try visitor.visit("epsilon", &epsilon, .above(0), "Keeps the divisor from being zero.")
    }

    package var slotNames: [String] { ["exp_avg", "exp_avg_sq"] }

    package func update(_ part: ArenaPart, _ step: OptimizerStep, kernels: KernelTable) {
        let momentum = momentum(step.number)
        let rate = Double(step.learningRate)
        let correction = (1 - ElementaryFunctions.power(Double(beta2), step.number)).squareRoot()
        kernels.nadamUpdate(
            NadamArguments(
                count: part.count, parameters: part.parameters, firstMoment: part.slot(0), secondMoment: part.slot(1),
                gradientSum: part.gradientSum, batchSize: part.batchSize,
                momentumScale: Float(rate * momentum.next / (1 - momentum.product * momentum.next)),
                gradientScale: Float(rate * (1 - momentum.current) / (1 - momentum.product)),
                secondRootScale: Float(1 / correction), beta1: beta1, beta2: beta2, epsilon: epsilon,
                adjustment: part.adjustment, resultOffset: part.resultOffset))
    }

    /// μ_t, μ_{t+1} and Π_t in Double, t ascending. Products below 2⁻⁶⁰ do not change 1 − Π any more, so that the loop
    /// is short for long trainings too.
    private func momentum(_ number: Int) -> (current: Double, next: Double, product: Double) {
        func momentum(_ step: Int) -> Double {
            Double(beta1) * (1 - ElementaryFunctions.power(0.96, step) / 2)
        }
        var product = 1.0
        for step in 1...number where product > 0x1p-60 { product *= momentum(step) }
        return (momentum(number), momentum(number + 1), product)
    }
}

extension OptimizerConfiguration {
    /// Adam with Nesterov momentum (Dozat 2016).
    public static func nadam(
        learningRate: Float = 0.001, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-7
    ) -> Self {
        Self(Nadam(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon))
    }
}
