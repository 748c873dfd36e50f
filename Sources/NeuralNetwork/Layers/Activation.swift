package import Core
internal import KernelInterface

/// What a layer applies to its sums, or an Activation layer to its input.
///
/// ```swift
/// let layers: [LayerConfiguration] = [.dense(units: 64, activation: .leakyReLU(slope: 0.1)), .activation(.gelu)]
/// ```
public enum Activation: Sendable, Equatable {
    case linear
    case relu
    case sigmoid
    case softmax
    case tanh
    /// x·Φ(x), Φ being the standard normal distribution (Hendrycks & Gimpel 2016), without approximation.
    case gelu
    /// x·σ(x), also called swish (Elfwing et al. 2017).
    case silu
    /// x above zero, slope·x below (Maas et al. 2013).
    case leakyReLU(slope: Float)

    /// All activations, with their defaults, as error messages list them.
    package static let all: [Activation] = [.linear, .relu, .sigmoid, .softmax, .tanh, .gelu, .silu, .leakyReLU()]

    /// In an experiment, and in profiles.
    package var name: String {
        switch self {
        case .linear: "linear"
        case .relu: "relu"
        case .sigmoid: "sigmoid"
        case .softmax: "softmax"
        case .tanh: "tanh"
        case .gelu: "gelu"
        case .silu: "silu"
        case .leakyReLU: "leaky_relu"
        }
    }

    /// The slope is that of `keras.activations.leaky_relu`.
    public static func leakyReLU() -> Activation { .leakyReLU(slope: 0.2) }
}

extension SettingFormat where Value == Activation {
    /// One of the activations' names, or `{leaky_relu: {slope: 0.2}}`.
    static var activation: Self {
        let names = Activation.all.map(\.name)
        return Self(
            names.map { "`\($0)`" }.joined(separator: ", ") + ", `{leaky_relu: {slope: 0.1}}`",
            read: { node throws(SettingError) in
                if !node.isScalar {
                    let settings = try node.mapping(allowed: ["leaky_relu"], expected: "an activation")
                        .required("leaky_relu").mapping(allowed: ["slope"])
                    return .leakyReLU(slope: try settings.required("slope").number("0 or more") { $0 >= 0 })
                }
                let name = try node.text()
                guard let activation = Activation.all.first(where: { $0.name == name }) else {
                    throw node.unknownValue(name, names)
                }
                return activation
            },
            text: { activation in
                if case .leakyReLU(let slope) = activation {
                    "{leaky_relu: {slope: \(slope)}}"
                } else {
                    activation.name
                }
            })
    }
}

/// An activation as a separate layer.
package struct ActivationLayer: Layer {
    package static let names = LayerNames("activation", label: "Activation")
    package static let documentation = """
        Applies a function to each element: `linear`, `relu`, `sigmoid`, `tanh`, `gelu`, `silu` or `leaky_relu` (with Keras's \
        slope 0.2, or another one as in `{leaky_relu: {slope: 0.1}}`); or `softmax` over the channels of each position.
        """

    package var activation: Activation

    package init(_ activation: Activation) {
        self.activation = activation
    }

    package init() { self.init(.linear) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visitValue(&activation, .activation, "The function.")
    }

    package func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape { input }

    package func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer {
        graph.append(activation, shape: site.output, input: site.inputBuffer)
    }

    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        site.inputValue
    }

    package func torchModules(_ site: ExportSite) -> [TorchModule] { [] }

    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] { [] }
}

extension LayerConfiguration {
    /// A function of each element; softmax is over the channels of each position.
    public static func activation(_ activation: Activation) -> Self { Self(ActivationLayer(activation)) }
}

extension PlanGraph {
    /// Appends an activation of a tensor of `shape`; nothing for `linear`.
    mutating func append(_ activation: Activation, shape: TensorShape, input: PlanBuffer) -> PlanBuffer {
        guard activation != .linear else { return input }
        return append(
            ActivationPlan(
                activation: activation, positionCount: shape.positionCount, channelCount: shape.channelCount),
            inputs: input)
    }
}

extension OperatorGraph {
    /// Appends an activation of `value`; nothing for `linear`.
    mutating func append(_ activation: Activation, to value: Value) -> Value {
        switch activation {
        case .linear: return value
        case .relu: return append("Relu", [value])
        case .sigmoid: return append("Sigmoid", [value])
        case .tanh: return append("Tanh", [value])
        case .softmax: return append("Softmax", [value], ["axis": .integer(1)])
        case .leakyReLU(let slope): return append("LeakyRelu", [value], ["alpha": .number(slope)])
        case .silu: return append("Mul", [value, append("Sigmoid", [value])])
        case .gelu:
            let error = append("Erf", [append("Mul", value, Float(0.5).squareRoot())])
            return append("Mul", [append("Mul", value, 0.5), append("Add", error, 1)])
        }
    }
}

/// The activation in other programs; nil for `linear`.
extension Activation {
    var torchModule: TorchModule? {
        let expression: String? =
            switch self {
            case .linear: nil
            case .relu: "nn.ReLU()"
            case .sigmoid: "nn.Sigmoid()"
            case .softmax: "nn.Softmax(dim=1)"
            case .tanh: "nn.Tanh()"
            case .gelu: "nn.GELU()"
            case .silu: "nn.SiLU()"
            case .leakyReLU(let slope): "nn.LeakyReLU(\(slope))"
            }
        return expression.map { TorchModule($0, stem: name) }
    }

    var kerasLayer: KerasLayer? {
        switch self {
        case .linear: nil
        case .leakyReLU(let slope): KerasLayer("LeakyReLU", ["negative_slope": String(slope)])
        default: KerasLayer("Activation", ["activation": ValueText.word(name)])
        }
    }
}

/// An activation as a separate unit; softmax runs over the channels of each position.
struct ActivationPlan: UnitPlan {
    let activation: Activation
    let positionCount: Int
    let channelCount: Int

    var name: String { activation.name }
    var outputCount: Int { positionCount * channelCount }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        ActivationUnit(self, wiring: site.wiring, kernels: site.kernels)
    }
}

/// An activation that no layer's kernels apply. Softmax runs over the channels of each position.
final class ActivationUnit: ExecutionUnit {
    private let plan: ActivationPlan
    private let wiring: UnitWiring
    private let kernels: KernelTable

    init(_ plan: ActivationPlan, wiring: UnitWiring, kernels: KernelTable) {
        self.plan = plan
        self.wiring = wiring
        self.kernels = kernels
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let count = block.count * wiring.outputCount
        let input = wiring.input(of: block)
        let output = wiring.output(of: block)
        switch plan.activation {
        case .linear:
            output.update(from: input, count: count)
        case .relu:
            output.update(from: input, count: count)
            kernels.reluForward(count, output)
        case .sigmoid: kernels.sigmoid(count, input, output)
        case .tanh: kernels.hyperbolicTangent(count, input, output)
        case .gelu: kernels.gaussianErrorLinear(count, input, output)
        case .silu:
            kernels.sigmoid(count, input, output)
            for index in 0..<count { output[index] *= input[index] }
        case .leakyReLU(let slope):
            for index in 0..<count { output[index] = input[index] > 0 ? input[index] : slope * input[index] }
        case .softmax: softmax(rowCount: block.count * plan.positionCount, input, output)
        }
    }

    private func softmax(rowCount: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>) {
        let rows = SoftmaxRows(count: rowCount, classCount: plan.channelCount)
        rows.exponentials(of: input, into: output, kernels)
        for row in 0..<rowCount { rows.divide(row, output, by: rows.sum(row, output)) }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient else { return }
        let offset = samples.lowerBound * wiring.outputCount
        let count = samples.count * wiring.outputCount
        let (output, gradient) = (wiring.output + offset, wiring.outputGradient + offset)
        let target = inputGradient + offset
        switch plan.activation {
        case .linear:
            target.update(from: gradient, count: count)
        case .relu:
            target.update(from: gradient, count: count)
            kernels.reluBackward(count, output, target)
        case .sigmoid:
            target.update(from: gradient, count: count)
            kernels.sigmoidBackward(count, output, target)
        case .tanh:
            target.update(from: gradient, count: count)
            kernels.hyperbolicTangentBackward(count, output, target)
        case .gelu:
            target.update(from: gradient, count: count)
            kernels.gaussianErrorLinearBackward(count, wiring.input + offset, target)
        case .silu:
            // With s = σ(x) and the output y = x·s the slope is s + y·(1 − s).
            kernels.sigmoid(count, wiring.input + offset, target)
            for index in 0..<count {
                target[index] = gradient[index] * (target[index] + output[index] * (1 - target[index]))
            }
        case .leakyReLU(let slope):
            let input = wiring.input + offset
            for index in 0..<count { target[index] = input[index] > 0 ? gradient[index] : slope * gradient[index] }
        case .softmax:
            let rows = SoftmaxRows(count: samples.count * plan.positionCount, classCount: plan.channelCount)
            for row in 0..<rows.count { rows.backward(row, output, gradient, target) }
        }
    }
}
