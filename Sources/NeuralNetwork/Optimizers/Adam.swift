package import Core
public import KernelInterface

/// Adam and AdamW. The defaults are Keras's.
package struct Adam: OptimizerMethod {
    package static let key = "adam"
    package static let keys = ["adam", "adamw"]
    package static let documentation = """
        Adam (Kingma & Ba 2015, algorithm 1): m ← m + (1 − β₁)(g − m), v ← v + (1 − β₂)(g² − v), then w moves by the mean \
        over the root of the square, both corrected for their start at zero. Keras adds ε to the root of the uncorrected \
        v: w ← w − η·√(1 − β₂ᵗ)/(1 − β₁ᵗ)·m / (√v + ε). PyTorch adds it to that of the corrected one: \
        w ← w − η/(1 − β₁ᵗ)·m / (√(v/(1 − β₂ᵗ)) + ε).

        With a weight decay λ, `adamw` takes η·λ·w from w first in each step (Loshchilov & Hutter 2019, algorithm 2). So \
        does `adam` in Keras; in PyTorch's convention `adam` adds λ·w to the gradient g instead, after clipping.
        """

    package var learningRate: Float
    package var beta1: Float
    package var beta2: Float
    package var epsilon: Float
    /// λ, for kernels and biases alike.
    package var weightDecay: Float
    /// Whether PyTorch's convention keeps the weight decay out of the gradient, as AdamW does. Keras's always does.
    package var isDecoupled: Bool
    package var convention: OptimizerConvention

    package init(
        learningRate: Float = 0.001, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-7,
        weightDecay: Float = 0, isDecoupled: Bool = false, convention: OptimizerConvention = .keras
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.isDecoupled = isDecoupled
        self.convention = convention
    }

    package init() { self.init(convention: .keras) }

    package static func defaults(for key: String) -> Adam {
        key == "adamw" ? Adam(weightDecay: 0.004, isDecoupled: true) : Adam()
    }

    /// The name matters only where the two decays differ. Elsewhere it is `adam`, whichever name was read.
    package var key: String {
        isDecoupled && convention == .torch && weightDecay != 0 ? "adamw" : Self.key
    }

    /// Whether λ·w is part of the gradient.
    private var addsDecayToGradient: Bool { convention == .torch && !isDecoupled && weightDecay != 0 }

    /// Whether both compute the same.
    package static func == (left: Adam, right: Adam) -> Bool {
        left.learningRate == right.learningRate && left.beta1 == right.beta1 && left.beta2 == right.beta2
            && left.epsilon == right.epsilon && left.weightDecay == right.weightDecay
            && left.convention == right.convention && left.addsDecayToGradient == right.addsDecayToGradient
    }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(learningRate: &learningRate)
        try visitor.visit("beta_1", &beta1, .within(0..<1), "The share of the mean gradient that a step keeps.")
        try visitor.visit("beta_2", &beta2, .within(0..<1), "The share of the mean square that a step keeps.")
        try visitor.visit("epsilon", &epsilon, .above(0), "Keeps the divisor from being zero.")
        try visitor.visit(
            "weight_decay", &weightDecay, .atLeast(0), .whenChanged, "The share λ of each parameter that decays.")
        try visitor.visit(convention: &convention)
    }

    package var slotNames: [String] { ["exp_avg", "exp_avg_sq"] }

    package func update(_ part: ArenaPart, _ step: OptimizerStep, kernels: KernelTable) {
        kernels.adamUpdate(arguments(part, step))
    }

    func arguments(_ part: ArenaPart, _ step: OptimizerStep) -> AdamArguments {
        let firstCorrection = 1 - ElementaryFunctions.power(Double(beta1), step.number)
        let secondCorrection = (1 - ElementaryFunctions.power(Double(beta2), step.number)).squareRoot()
        let rate = Double(step.learningRate)
        return AdamArguments(
            count: part.count, parameters: part.parameters, firstMoment: part.slot(0), secondMoment: part.slot(1),
            gradientSum: part.gradientSum, batchSize: part.batchSize,
            stepSize: Float((convention == .keras ? rate * secondCorrection : rate) / firstCorrection), beta1: beta1,
            beta2: beta2, epsilon: epsilon, secondRootScale: convention == .keras ? 1 : Float(1 / secondCorrection),
            weightDecay: addsDecayToGradient ? 0 : step.learningRate * weightDecay,
            gradientDecay: addsDecayToGradient ? weightDecay : 0, adjustment: part.adjustment,
            resultOffset: part.resultOffset)
    }
}

extension OptimizerConfiguration {
    /// Adam (Kingma & Ba 2015).
    public static func adam(
        learningRate: Float = 0.001, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-7,
        weightDecay: Float = 0, convention: OptimizerConvention = .keras
    ) -> Self {
        Self(
            Adam(
                learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
                convention: convention))
    }

    /// Adam with a decay of the weights apart from the gradient (Loshchilov & Hutter 2019).
    public static func adamW(
        learningRate: Float = 0.001, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-7,
        weightDecay: Float = 0.004, convention: OptimizerConvention = .keras
    ) -> Self {
        Self(
            Adam(
                learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
                isDecoupled: true, convention: convention))
    }
}
