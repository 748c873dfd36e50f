package import Core
package import KernelInterface

/// Steps of one size in the direction of a mean gradient's sign. The defaults are Keras's.
package struct Lion: OptimizerMethod {
    package static let key = "lion"
    package static let documentation = """
        Steps of one size, in the direction of the sign of a mean gradient (Chen et al. 2023, algorithm 2): \
        w ← w − η·sign(β₁·m + (1 − β₁)·g), then m ← β₂·m + (1 − β₂)·g. With a weight decay λ each step takes η·λ·w from w \
        first.
        """

    package var learningRate: Float
    package var beta1: Float
    package var beta2: Float
    /// λ, for kernels and biases alike.
    package var weightDecay: Float

    package init(learningRate: Float = 0.001, beta1: Float = 0.9, beta2: Float = 0.99, weightDecay: Float) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.weightDecay = weightDecay
    }

    package init() { self.init(weightDecay: 0) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(learningRate: &learningRate)
        try visitor.visit("beta_1", &beta1, .within(0..<1), "The share of the mean gradient in the step's direction.")
        try visitor.visit("beta_2", &beta2, .within(0..<1), "The share of the mean gradient that a step keeps.")
        try visitor.visit("weight_decay", &weightDecay, .atLeast(0), "The share λ of each parameter that decays.")
    }

    package var slotNames: [String] { ["exp_avg"] }

    package func update(_ part: ArenaPart, _ step: OptimizerStep, kernels: KernelTable) {
        kernels.lionUpdate(
            LionArguments(
                count: part.count, parameters: part.parameters, firstMoment: part.slot(0),
                gradientSum: part.gradientSum, batchSize: part.batchSize, learningRate: step.learningRate, beta1: beta1,
                beta2: beta2, weightDecay: step.learningRate * weightDecay, adjustment: part.adjustment,
                resultOffset: part.resultOffset))
    }
}

extension OptimizerConfiguration {
    /// Steps of one size in the direction of a mean gradient's sign (Chen et al. 2023).
    public static func lion(
        learningRate: Float = 0.001, beta1: Float = 0.9, beta2: Float = 0.99, weightDecay: Float = 0
    ) -> Self {
        Self(Lion(learningRate: learningRate, beta1: beta1, beta2: beta2, weightDecay: weightDecay))
    }
}
