package import Core

/// Batch normalisation over all positions of each channel (Ioffe & Szegedy 2015), with Keras's constants.
package struct BatchNormalization: Layer {
    package static let names = LayerNames(
        "batch_norm", label: "BatchNorm", summaryType: "BatchNormalization", summaryStem: "batch_normalization",
        parameterStem: "bn")
    package static let documentation = """
        y = (x − mean)·γ/√(variance + ε) + β for each channel (Ioffe & Szegedy 2015). In training, mean and biased variance \
        are those of the whole global batch, on which the workers agree inside the step; with `ghost` each micro-batch has \
        its own. Evaluation, and a frozen layer in training too, use the running statistics. After each step, \
        running ← momentum·running + (1 − momentum)·batch, with the biased variance too, as Keras does (PyTorch takes the \
        unbiased one). Checkpoints name the tensors as PyTorch does: `weight` is γ, `bias` is β, then `running_mean` and \
        `running_var`.
        """

    /// The share of the running statistics that a step keeps.
    package var momentum: Float
    package var epsilon: Float
    /// Statistics of each micro-batch by itself instead of the whole global batch: no exchange inside a step.
    package var isGhost: Bool
    /// A frozen layer normalises with its running statistics, in training too.
    package var isTrainable: Bool

    package init(momentum: Float = 0.99, epsilon: Float = 1e-3, isGhost: Bool = false, isTrainable: Bool = true) {
        self.momentum = momentum
        self.epsilon = epsilon
        self.isGhost = isGhost
        self.isTrainable = isTrainable
    }

    package init() { self.init(momentum: 0.99) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(
            "momentum", &momentum, .within(0..<1), "The share of the running statistics that a step keeps.")
        try visitor.visit("epsilon", &epsilon, .above(0), "What is added to the variance.")
        try visitor.visit(
            "ghost", &isGhost, .truth, "Whether each micro-batch is normalised with its own statistics.")
        try visitor.visit("trainable", &isTrainable, .truth, "`false` keeps scale, shift and running statistics.")
    }

    package func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape {
        guard momentum >= 0, momentum < 1, epsilon > 0 else {
            throw LayerProblem("momentum must be from 0 to below 1 and epsilon above 0")
        }
        return input
    }

    package func parameters(for input: TensorShape) -> [ParameterDeclaration] {
        let role: ParameterDescription.Role = isTrainable ? .trainable : .frozen
        let running: ParameterDescription.Role = isTrainable ? .runningMean(momentum: momentum) : .frozen
        return [
            ParameterDeclaration("weight", forChannelsOf: input, start: 1, role: role),
            ParameterDeclaration("bias", forChannelsOf: input, start: 0, role: role),
            ParameterDeclaration("running_mean", forChannelsOf: input, start: 0, role: running),
            ParameterDeclaration("running_var", forChannelsOf: input, start: 1, role: running),
        ]
    }

    package func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer {
        graph.append(
            BatchNormalizationPlan(
                positionCount: site.input.positionCount, channelCount: site.input.channelCount, epsilon: epsilon,
                isGhost: isGhost, parameters: site.checkedOffsets),
            inputs: site.inputBuffer)
    }

    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        graph.append("BatchNormalization", [site.inputValue] + site.tensors, ["epsilon": .number(epsilon)])
    }

    /// Torch's momentum is the share of the new statistics. Its running variance is the unbiased one in training.
    package func torchModules(_ site: ExportSite) -> [TorchModule] {
        let kind = if case .image = site.input { "nn.BatchNorm2d" } else { "nn.BatchNorm1d" }
        let settings = "\(site.input.channelCount), eps=\(epsilon), momentum=\(1 - momentum)"
        return [TorchModule("\(kind)(\(settings))", stem: "bn", hasTensors: true)]
    }

    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] {
        [
            KerasLayer(
                "BatchNormalization",
                [
                    "momentum": String(momentum), "epsilon": String(epsilon), "trainable": String(isTrainable),
                ], tensors: .ofLayer)
        ]
    }
}

extension LayerConfiguration {
    /// Normalisation of each channel over the global batch, or with `isGhost` over each micro-batch, then a scale and a
    /// shift that are learned.
    public static func batchNormalization(
        momentum: Float = 0.99, epsilon: Float = 1e-3, isGhost: Bool = false, isTrainable: Bool = true
    ) -> Self {
        Self(BatchNormalization(momentum: momentum, epsilon: epsilon, isGhost: isGhost, isTrainable: isTrainable))
    }
}

struct BatchNormalizationPlan: UnitPlan {
    let positionCount: Int
    let channelCount: Int
    let epsilon: Float
    let isGhost: Bool
    let parameters: ParameterOffsets

    var weight: Int { parameters[0] }
    var bias: Int { parameters[1] }
    var runningMean: Int { parameters[2] }
    var runningVariance: Int { parameters[3] }

    /// Floats from one vector over the channels to the next, as in the arena.
    var vectorStride: Int { ParameterLayout.aligned(channelCount) }

    /// Floats of two vectors over the channels, which workers agree on at a time.
    var agreedCount: Int { vectorStride + channelCount }

    /// Whether training normalises with the batch's statistics, not with the running ones.
    var usesBatchStatistics: Bool { parameters.isTrainable }

    var name: String { "BatchNorm" }
    var outputCount: Int { positionCount * channelCount }
    var offsets: ParameterOffsets? { parameters }
    var isSynchronized: Bool { usesBatchStatistics }
    var agreedSumCount: Int { usesBatchStatistics && !isGhost ? agreedCount : 0 }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        BatchNormalizationUnit(
            self, wiring: site.wiring, capacity: site.capacity, kernels: site.kernels)
    }
}
