package import Core
internal import KernelInterface

/// Normalisation of each position over its channels (Ba, Kiros & Hinton 2016), with Keras's constants.
package struct LayerNormalization: Layer {
    package static let names = LayerNames(
        "layer_norm", label: "LayerNorm", summaryType: "LayerNormalization", summaryStem: "layer_normalization",
        parameterStem: "ln")
    package static let documentation = """
        y = (x − mean)/√(variance + ε)·γ + β, with mean and biased variance over the last axis, the channels, of each \
        position of each sample by itself (Ba, Kiros & Hinton 2016): Keras's `LayerNormalization` with `axis=-1`. For a flat \
        input that is the whole vector, as torch's `nn.LayerNorm`; for an image it is not torch's, which normalises over the \
        whole image. γ starts at one, β at zero, one value a channel.
        """

    /// What is added to the variance.
    package var epsilon: Float
    /// A frozen layer keeps its scale and shift.
    package var isTrainable: Bool

    package init(epsilon: Float = 1e-3, isTrainable: Bool = true) {
        self.epsilon = epsilon
        self.isTrainable = isTrainable
    }

    package init() { self.init(epsilon: 1e-3) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("epsilon", &epsilon, .above(0), "What is added to the variance.")
        try visitor.visit("trainable", &isTrainable, .truth, .whenChanged, "`false` keeps scale and shift.")
    }

    package func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape {
        guard epsilon > 0 else { throw LayerProblem("epsilon is \(epsilon), but must be above 0") }
        return input
    }

    package func parameters(for input: TensorShape) -> [ParameterDeclaration] {
        let role: ParameterDescription.Role = isTrainable ? .trainable : .frozen
        return [
            ParameterDeclaration("weight", forChannelsOf: input, start: 1, role: role),
            ParameterDeclaration("bias", forChannelsOf: input, start: 0, role: role),
        ]
    }

    package func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer {
        graph.append(
            LayerNormalizationPlan(
                positionCount: site.input.positionCount, channelCount: site.input.channelCount, epsilon: epsilon,
                parameters: site.checkedOffsets),
            inputs: site.inputBuffer)
    }

    /// The operator normalises the last axis, where images have their columns.
    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        let attributes: KeyValuePairs<String, OperatorGraph.Attribute> = [
            "axis": .integer(-1), "epsilon": .number(epsilon),
        ]
        guard case .image = site.input else {
            return graph.append("LayerNormalization", [site.inputValue] + site.tensors, attributes)
        }
        let channelsLast = graph.append("Transpose", [site.inputValue], ["perm": .integers([0, 2, 3, 1])])
        let normalized = graph.append("LayerNormalization", [channelsLast] + site.tensors, attributes)
        return graph.append("Transpose", [normalized], ["perm": .integers([0, 3, 1, 2])])
    }

    package func torchModules(_ site: ExportSite) -> [TorchModule] {
        let arguments = "(\(site.input.channelCount), eps=\(epsilon))"
        guard case .image = site.input else {
            return [TorchModule("nn.LayerNorm\(arguments)", stem: "ln", hasTensors: true)]
        }
        return [
            TorchModule(
                "ChannelNorm\(arguments)", stem: "ln", hasTensors: true,
                definition: """
                    class ChannelNorm(nn.LayerNorm):
                        \"""Normalises each position over its channels.\"""

                        def forward(self, x):
                            return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
                    """)
        ]
    }

    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] {
        [
            KerasLayer(
                "LayerNormalization", ["epsilon": String(epsilon), "trainable": String(isTrainable)], tensors: .ofLayer)
        ]
    }
}

extension LayerConfiguration {
    /// Normalisation over the channels of each position of each sample, then a scale and a shift that are learned.
    public static func layerNormalization(epsilon: Float = 1e-3, isTrainable: Bool = true) -> Self {
        Self(LayerNormalization(epsilon: epsilon, isTrainable: isTrainable))
    }
}

struct LayerNormalizationPlan: UnitPlan {
    let positionCount: Int
    let channelCount: Int
    let epsilon: Float
    let parameters: ParameterOffsets

    var name: String { "LayerNorm" }
    var outputCount: Int { positionCount * channelCount }
    var offsets: ParameterOffsets? { parameters }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        LayerNormalizationUnit(self, wiring: site.wiring, sampleCapacity: site.capacity.sampleCount, site.kernels)
    }
}

/// All sums over channels run in ascending order. The gradients of scale and shift sum over the positions of a sample,
/// then over samples in the order of the program.
final class LayerNormalizationUnit: ExecutionUnit {
    private let plan: LayerNormalizationPlan
    private let wiring: UnitWiring
    private let kernels: KernelTable
    /// x̂ of each element.
    private let normalized: AlignedBuffer<Float>
    /// x̂ · output gradient of each element.
    private let products: AlignedBuffer<Float>
    /// 1/√(variance + ε) of each position.
    private let inverseDeviations: AlignedBuffer<Float>

    init(_ plan: LayerNormalizationPlan, wiring: UnitWiring, sampleCapacity: Int, _ kernels: KernelTable) {
        self.plan = plan
        self.wiring = wiring
        self.kernels = kernels
        normalized = AlignedBuffer(count: sampleCapacity * plan.outputCount)
        products = AlignedBuffer(count: plan.isTrainable ? sampleCapacity * plan.outputCount : 0)
        inverseDeviations = AlignedBuffer(count: sampleCapacity * plan.positionCount)
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let channels = plan.channelCount
        let (input, output) = (wiring.input(of: block), wiring.output(of: block))
        let (scale, shift) = (context.parameters + plan.parameters[0], context.parameters + plan.parameters[1])
        for row in 0..<block.count * plan.positionCount {
            let x = input + row * channels
            let y = output + row * channels
            let unit = normalized.pointer + (block.slot * plan.positionCount + row) * channels
            var sum: Float = 0
            for channel in 0..<channels { sum += x[channel] }
            let mean = sum / Float(channels)
            var squares: Float = 0
            for channel in 0..<channels { squares += (x[channel] - mean) * (x[channel] - mean) }
            let inverse = 1 / (squares / Float(channels) + plan.epsilon).squareRoot()
            inverseDeviations.pointer[block.slot * plan.positionCount + row] = inverse
            for channel in 0..<channels {
                unit[channel] = (x[channel] - mean) * inverse
                y[channel] = unit[channel] * scale[channel] + shift[channel]
            }
        }
    }

    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {
        let program = target.program
        let sampleCount = (0..<program.stepCount).reduce(0) { max($0, Int(program.steps[$1].sampleEnd)) }
        let own = evenSplit(sampleCount, parts: context.threadCount, index: context.thread)
        for index in own.lowerBound * plan.outputCount..<own.upperBound * plan.outputCount {
            products.pointer[index] = wiring.outputGradient[index] * normalized.pointer[index]
        }
        context.barrier.wait()
        let channels = evenSplit(
            plan.channelCount, parts: context.threadCount, index: context.thread, granule: ParameterLayout.alignment)
        guard !channels.isEmpty else { return }
        sum(products.pointer, to: target.gradient + plan.parameters[0], channels, target, context)
        sum(wiring.outputGradient, to: target.gradient + plan.parameters[1], channels, target, context)
    }

    private func sum(
        _ values: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Float>, _ channels: Range<Int>,
        _ target: GradientTarget, _ context: ThreadContext
    ) {
        kernels.columnSums(
            ColumnSumArguments(
                columnCount: plan.channelCount, positionCount: plan.positionCount, values: values,
                program: target.program, sums: sums, rootStride: target.rootStride,
                columnBegin: channels.lowerBound, columnEnd: channels.upperBound), context.scratch)
    }

    /// With g = γ · output gradient: (g − mean g − x̂ · mean(g · x̂)) / √(variance + ε).
    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient else { return }
        let channels = plan.channelCount
        let scale = context.parameters + plan.parameters[0]
        for row in samples.lowerBound * plan.positionCount..<samples.upperBound * plan.positionCount {
            let gradient = wiring.outputGradient + row * channels
            let unit = normalized.pointer + row * channels
            let target = inputGradient + row * channels
            var (sum, productSum): (Float, Float) = (0, 0)
            for channel in 0..<channels {
                target[channel] = gradient[channel] * scale[channel]
                sum += target[channel]
                productSum += target[channel] * unit[channel]
            }
            let (mean, productMean) = (sum / Float(channels), productSum / Float(channels))
            let inverse = inverseDeviations.pointer[row]
            for channel in 0..<channels {
                target[channel] = (target[channel] - mean - unit[channel] * productMean) * inverse
            }
        }
    }
}
