package import Core
internal import KernelInterface

/// A fully connected layer; weights start Glorot uniform, biases at zero.
package struct Dense: Layer {
    package static let names = LayerNames("dense", label: "Dense", parameterStem: "fc")
    package static let documentation = """
        A fully connected layer: y = activation(x·W + b) for a flat input x. Weights start Glorot uniform (Glorot & Bengio \
        2010, equation 16), biases at zero. Behind `flatten`, checkpoints have the weights in torch's order of inputs \
        (channel, height, width).
        """

    /// The layer's own name, which begins those of its tensors; nil names it by its place.
    package var name: String?
    package var units: Int
    package var activation: Activation
    package var regularization: Regularization
    /// A frozen layer keeps its weights.
    package var isTrainable: Bool

    package init(
        name: String? = nil, units: Int, activation: Activation = .relu, regularization: Regularization = .none,
        isTrainable: Bool = true
    ) {
        self.name = name
        self.units = units
        self.activation = activation
        self.regularization = regularization
        self.isTrainable = isTrainable
    }

    package init() { self.init(units: 1) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("units", &units, .within(1...1_048_576), .required, "The number of outputs.")
        try visitor.visit("activation", &activation, .activation, .required, "What is applied to the sums.")
        try visitor.visit(name: &name, regularization: &regularization, isTrainable: &isTrainable)
    }

    package func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape {
        if case .image = input {
            throw LayerProblem("needs a flat input but gets \(input.text): put Flatten before it")
        }
        guard units >= 1 else { throw LayerProblem("units is \(units), but must be at least 1") }
        guard TensorShape.checkedProduct([input.elementCount, units]) != nil else {
            throw LayerProblem(
                "\(input.elementCount)×\(units) weights are too many: the limit is \(TensorShape.elementLimit)")
        }
        return .flat(units)
    }

    package func parameters(for input: TensorShape) -> [ParameterDeclaration] {
        let role: ParameterDescription.Role = isTrainable ? .trainable : .frozen
        let inputs = TorchLayout.channels(of: input)
        return [
            ParameterDeclaration(
                "weight", internalShape: [input.elementCount, units], torchShape: [units, input.elementCount],
                torchLayout: TorchLayout(
                    extents: inputs.extents + [units], order: [inputs.extents.count] + inputs.order),
                initialization: .glorotUniform(fanSum: input.elementCount + units), role: role,
                regularization: regularization, gradientGranule: DenseUnit.partGranule * units),
            ParameterDeclaration("bias", forChannelsOf: .flat(units), start: 0, role: role),
        ]
    }

    package func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer {
        let sums = graph.append(
            DensePlan(
                inputCount: site.input.elementCount, outputCount: units, appliesReLU: false,
                parameters: site.checkedOffsets),
            inputs: site.inputBuffer)
        return graph.append(activation, shape: site.output, input: sums)
    }

    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        graph.append("Gemm", [site.inputValue] + site.tensors, ["transB": .integer(1)])
    }

    package func torchModules(_ site: ExportSite) -> [TorchModule] {
        [TorchModule("nn.Linear(\(site.input.elementCount), \(units))", stem: "fc", hasTensors: true)]
    }

    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] {
        [KerasLayer("Dense", ["units": String(units), "trainable": String(isTrainable)], tensors: .ofLayer)]
    }
}

extension LayerConfiguration {
    /// A fully connected layer: a flat input becomes `[units]`. `name` begins the names of its tensors.
    public static func dense(
        name: String? = nil, units: Int, activation: Activation = .relu, regularization: Regularization = .none,
        isTrainable: Bool = true
    ) -> Self {
        Self(
            Dense(
                name: name, units: units, activation: activation, regularization: regularization,
                isTrainable: isTrainable))
    }
}

/// The matrix product of a dense layer, with a fused ReLU or without.
struct DensePlan: UnitPlan {
    let inputCount: Int
    let outputCount: Int
    private(set) var appliesReLU: Bool
    let parameters: ParameterOffsets

    var name: String { "Dense \(outputCount)" }
    var offsets: ParameterOffsets? { parameters }
    var weight: Int { parameters[0] }
    var bias: Int { parameters[1] }
    var forwardFLOPsPerSample: Int { 2 * inputCount * outputCount }
    var keepsOnlySigns: Bool { true }

    /// The rows of the weight gradient in one part of the parameters.
    func weightRows(ofPart index: Int) -> Range<Int> {
        let part = parameters.parts[index].clamped(to: weight..<weight + inputCount * outputCount)
        return (part.lowerBound - weight) / outputCount..<(part.upperBound - weight) / outputCount
    }

    func applyingReLU() -> DensePlan {
        var plan = self
        plan.appliesReLU = true
        return plan
    }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        DenseUnit(self, site)
    }
}

/// Weights are `[inputs, outputs]`.
final class DenseUnit: ExecutionUnit {
    /// Rows of a weight gradient that stay together: kernels work on tiles of rows.
    private static let rowGranule = 28

    /// Rows that parts of a weight gradient are multiples of: then each begins at a cache line, with any number of
    /// columns.
    static let partGranule = 4 * rowGranule

    private let plan: DensePlan
    private let wiring: UnitWiring
    private let kernels: KernelTable

    let forwardBlockFactor: Int

    init(_ plan: DensePlan, _ site: UnitSite) {
        self.plan = plan
        wiring = site.wiring
        kernels = site.kernels
        // Weights that do not stay in a core's second-level cache are read anew for each block.
        let isLarge = plan.inputCount * plan.outputCount * MemoryLayout<Float>.stride > Self.cachedByteCount
        forwardBlockFactor = isLarge ? max(1, Self.largeBlockSampleCount / site.capacity.blockSampleCount) : 1
    }

    private static let cachedByteCount = 256 << 10
    private static let largeBlockSampleCount = 112

    /// output[s, o] = b[o] + Σ_i x[s, i]·W[i, o], i ascending; then ReLU if the layer has it.
    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let arguments = MatrixProductArguments(
            rowCount: block.count, columnCount: plan.outputCount, innerCount: plan.inputCount,
            a: wiring.input(of: block), aRowStride: plan.inputCount,
            b: context.parameters + plan.weight, bRowStride: plan.outputCount,
            c: wiring.output(of: block), cRowStride: plan.outputCount,
            start: .bias, bias: context.parameters + plan.bias, appliesReLU: plan.appliesReLU)
        kernels.matrixProduct(arguments, context.scratch)
    }

    func maskOutputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard plan.appliesReLU else { return }
        let offset = samples.lowerBound * plan.outputCount
        kernels.reluBackward(
            samples.count * plan.outputCount, wiring.output + offset, wiring.outputGradient + offset)
    }

    /// The part's weight rows are split over the threads; the last thread sums the bias, which is in the first part.
    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {
        let rows = plan.weightRows(ofPart: target.part)
        let share = evenSplit(
            rows.count, parts: context.threadCount, index: context.thread, granule: Self.rowGranule)
        if !share.isEmpty {
            let arguments = GradientProductArguments(
                rowBegin: rows.lowerBound + share.lowerBound, rowEnd: rows.lowerBound + share.upperBound,
                columnCount: plan.outputCount,
                x: wiring.input, xRowStride: plan.inputCount,
                outputGradient: wiring.outputGradient, outputGradientRowStride: plan.outputCount,
                program: target.program, gradient: target.gradient + plan.weight,
                rootStride: target.rootStride)
            kernels.gradientProduct(arguments, context.scratch)
        }
        if context.thread == context.threadCount - 1 && target.part == 0 {
            let arguments = ColumnSumArguments(
                columnCount: plan.outputCount, positionCount: 1, values: wiring.outputGradient,
                program: target.program, sums: target.gradient + plan.bias, rootStride: target.rootStride)
            kernels.columnSums(arguments, context.scratch)
        }
    }

    /// Each call packs the weights anew, and its result is read only after a barrier, from a farther cache in any case.
    var inputGradientBlockFactor: Int { 64 }

    /// inputGradient[s, i] = Σ_o outputGradient[s, o]·W[i, o], o ascending.
    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient else { return }
        let arguments = MatrixProductArguments(
            rowCount: samples.count, columnCount: plan.inputCount, innerCount: plan.outputCount,
            a: wiring.outputGradient + samples.lowerBound * plan.outputCount, aRowStride: plan.outputCount,
            b: context.parameters + plan.weight, bRowStride: plan.outputCount,
            c: inputGradient + samples.lowerBound * plan.inputCount, cRowStride: plan.inputCount, start: .zero)
        kernels.matrixProductTransposed(arguments, context.scratch)
    }
}
