package import Core

/// One kind of layer: its settings are the stored properties of the conforming type.
///
/// A kind's file has all that is particular to it: settings, documentation, shape rule with its errors, parameters,
/// plan and unit of execution. `LayerKinds` lists the kinds.
package protocol Layer: SettingsKind {
    static var names: LayerNames { get }
    /// Whether the layer may only precede all layers with parameters, because it has no gradient.
    static var preparesInput: Bool { get }

    /// The layer's own name, which begins those of its tensors; nil names it by its place.
    var name: String? { get }
    /// Whether gradients change the layer's parameters; without effect for a layer that has none.
    var isTrainable: Bool { get }
    /// What the layer applies to its sums, or to its input if it does nothing else.
    var activation: Activation { get }

    /// The shape that the layer makes of `input`, or what is wrong with it.
    func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape

    /// The layer's tensors in the order of the arena, for an input that `outputShape` accepted.
    func parameters(for input: TensorShape) -> [ParameterDeclaration]

    /// Appends the layer's execution units to the plan, unfused, and returns the buffer of its output.
    func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer

    /// Appends what the layer computes in evaluation, without its activation, to a graph for other programs, and
    /// returns its output: that of the layer before for a layer that computes nothing.
    func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value

    /// The modules of `torch.nn` that compute the layer without its activation.
    func torchModules(_ site: ExportSite) -> [TorchModule]

    /// The layers of Keras 3 that compute the layer without its activation.
    func kerasLayers(_ site: ExportSite) -> [KerasLayer]
}

extension Layer {
    package static var key: String { names.key }
    package static var preparesInput: Bool { false }
    package var name: String? { nil }
    package var isTrainable: Bool { true }
    package var activation: Activation { .linear }
    package func parameters(for input: TensorShape) -> [ParameterDeclaration] { [] }
}

/// What one kind of layer is called in each context.
package struct LayerNames: Sendable {
    /// In an experiment's YAML: `conv2d`.
    package let key: String
    /// In error messages: `Conv2D`.
    let label: String
    /// The class name in Keras's summaries.
    let summaryType: String
    /// The stem of the layer's name in Keras's summaries: `conv2d`, `conv2d_1`, …
    let summaryStem: String
    /// The stem of the names of tensors, which the layer's number within its kind completes: `conv1.weight`. Nil for a
    /// kind without parameters.
    let parameterStem: String?

    init(
        _ key: String, label: String, summaryType: String? = nil, summaryStem: String? = nil,
        parameterStem: String? = nil
    ) {
        self.key = key
        self.label = label
        self.summaryType = summaryType ?? label
        self.summaryStem = summaryStem ?? key
        self.parameterStem = parameterStem
    }
}

/// A layer that is about to be planned: its place in the model and all that was inferred for it.
package struct LayerSite {
    /// The layer's index in the model, which keys its random numbers.
    let index: Int
    let input: TensorShape
    let output: TensorShape
    /// Nil for a layer without parameters.
    let offsets: ParameterOffsets?
    /// The output of the layer before.
    let inputBuffer: PlanBuffer

    /// The offsets of a layer with parameters.
    var checkedOffsets: ParameterOffsets {
        guard let offsets else { preconditionFailure("a layer with parameters has offsets") }
        return offsets
    }
}

/// What is wrong with a layer at its place, and what to do about it.
package struct LayerProblem: Error, Sendable, Equatable {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// Penalties on a layer's kernel, as Keras defines them: l1·Σ|w| + l2·Σw² is added to the loss.
///
/// ```swift
/// let layer = LayerConfiguration.dense(units: 64, regularization: Regularization(l2: 1e-4))
/// ```
public struct Regularization: Sendable, Equatable {
    public var l1: Float
    public var l2: Float

    public init(l1: Float = 0, l2: Float = 0) {
        self.l1 = l1
        self.l2 = l2
    }

    public static let none = Regularization()
}

extension SettingVisitor {
    /// The settings that all layers with a kernel have in common.
    mutating func visit(
        name: inout String?, regularization: inout Regularization, isTrainable: inout Bool
    ) throws(Failure) {
        try visit(
            "name", optional: &name, .name(allowsDots: false),
            "The name that begins those of the layer's tensors; by default the kind and the layer's number in it.")
        try visit(
            "l1", &regularization.l1, .atLeast(0), .whenChanged, "The factor of Σ|w| of the kernel in the loss.")
        try visit("l2", &regularization.l2, .atLeast(0), .whenChanged, "The factor of Σw² of the kernel in the loss.")
        try visit("trainable", &isTrainable, .truth, .whenChanged, "`false` keeps the layer's weights.")
    }
}

extension SettingFormat where Value == Extent {
    /// `[height, width]`, each within `range`, or one number for both.
    static func extent(_ range: ClosedRange<Int>) -> Self {
        Self(
            "`[height, width]` or one number for both, \(range.lowerBound) to \(range.upperBound)",
            read: { node throws(SettingError) in
                let values = try node.integers("a list of height and width", count: 2, range)
                return Extent(height: values[0], width: values[1])
            }, text: { "[\($0.height), \($0.width)]" })
    }

    /// A kernel or its stride.
    static var kernelExtent: Self { .extent(1...1024) }
    /// An image, or a window on it.
    static var imageExtent: Self { .extent(1...65_536) }
}
