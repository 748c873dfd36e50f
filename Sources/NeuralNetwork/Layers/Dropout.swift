package import Core
internal import KernelInterface

/// Drops elements at random in training.
package struct Dropout: Layer {
    package static let names = LayerNames("dropout", label: "Dropout")
    package static let documentation = """
        In training each element is zero with probability `rate`, and the others are divided by 1 − rate (Srivastava et al. \
        2014); evaluation changes nothing. The probability is rounded to a multiple of 2⁻¹⁶.
        """

    /// The probability of a zero, from 0 to below 1.
    package var rate: Float

    package init(rate: Float) {
        self.rate = rate
    }

    package init() { self.init(rate: 0) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("rate", &rate, .within(0..<1), .required, "The probability of a zero.")
    }

    package func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape {
        guard rate >= 0, rate < 1 else { throw LayerProblem("rate is \(rate), but must be from 0 to below 1") }
        return input
    }

    package func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer {
        graph.append(
            DropoutPlan(
                elementCount: site.input.elementCount, rate: rate, layerIndex: site.index, isInPlace: false),
            inputs: site.inputBuffer)
    }

    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        site.inputValue
    }

    package func torchModules(_ site: ExportSite) -> [TorchModule] {
        [TorchModule("nn.Dropout(\(rate))", stem: "dropout")]
    }

    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] { [KerasLayer("Dropout", ["rate": String(rate)])] }
}

extension LayerConfiguration {
    /// In training each element is zero with probability `rate`, from 0 to below 1; the others are divided by 1 − rate.
    public static func dropout(rate: Float) -> Self { Self(Dropout(rate: rate)) }
}

struct DropoutPlan: UnitPlan {
    let elementCount: Int
    let rate: Float
    /// Keys the draws.
    let layerIndex: Int
    /// Whether the output is where the input is.
    private(set) var isInPlace: Bool

    var name: String { "Dropout" }
    var outputCount: Int { elementCount }

    func inPlace() -> DropoutPlan {
        var plan = self
        plan.isInPlace = true
        return plan
    }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        DropoutUnit(self, wiring: site.wiring, seed: site.seed, kernels: site.kernels)
    }
}

/// Draws are keyed by seed, layer, step, position in the global batch and element, and drawn again for the gradient:
/// no mask is kept.
final class DropoutUnit: ExecutionUnit {
    private let plan: DropoutPlan
    private let wiring: UnitWiring
    private let seed: UInt64
    private let kernels: KernelTable

    init(_ plan: DropoutPlan, wiring: UnitWiring, seed: UInt64, kernels: KernelTable) {
        self.plan = plan
        self.wiring = wiring
        self.seed = seed
        self.kernels = kernels
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let output = wiring.output(of: block)
        if let training = context.training {
            apply(training, samples: block.sample..<block.sample + block.count, wiring.input(of: block), output)
        } else if !plan.isInPlace {
            output.update(from: wiring.input(of: block), count: block.count * plan.elementCount)
        }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient, let training = context.training else { return }
        let offset = samples.lowerBound * plan.elementCount
        apply(training, samples: samples, wiring.outputGradient + offset, inputGradient + offset)
    }

    private func apply(
        _ training: TrainingContext, samples: Range<Int>, _ source: UnsafePointer<Float>,
        _ target: UnsafeMutablePointer<Float>
    ) {
        let arguments = DropoutArguments(
            sampleCount: samples.count, elementCount: plan.elementCount,
            firstPosition: UInt32(truncatingIfNeeded: training.batch.firstPosition + samples.lowerBound),
            step: UInt32(truncatingIfNeeded: training.batch.step), seed: seed,
            layer: UInt16(plan.layerIndex), purpose: RandomPurpose.dropout.rawValue,
            threshold: UInt32((plan.rate * 65536).rounded()), scale: 1 / (1 - plan.rate), input: source,
            output: target)
        kernels.dropout(arguments)
    }
}
