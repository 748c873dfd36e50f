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

    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        guard case .image = site.input else { return site.inputValue }
        return graph.append("Flatten", [site.inputValue], ["axis": .integer(1)])
    }

    package func torchModules(_ site: ExportSite) -> [TorchModule] {
        [TorchModule("nn.Flatten()", stem: "flatten")]
    }

    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] { [KerasLayer("Flatten")] }
}

extension LayerConfiguration {
    /// An image read as one vector, in the order (height, width, channel).
    public static let flatten = LayerConfiguration(Flatten())
}
