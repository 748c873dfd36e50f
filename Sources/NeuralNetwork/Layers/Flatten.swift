package import Core

/// From `[height, width, channels]` to `[height · width · channels]`, in that order.
package struct Flatten: Layer {
    package static let names = LayerNames("flatten", label: "Flatten")
    package static let documentation = """
        Reads an image as one vector, in the order (height, width, channel). It computes nothing. Torch flattens in the \
        order (channel, height, width): checkpoints have the tensors behind it in torch's order, so that \
        `nn.Sequential(…, Flatten, Linear)` loads them.
        """

    package init() {}

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {}

    package func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape {
        if case .image(let image) = input { .flattened(image) } else { input }
    }

    package func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer { site.inputBuffer }
}

extension LayerConfiguration {
    /// An image read as one vector, in the order (height, width, channel).
    public static let flatten = LayerConfiguration(Flatten())
}
