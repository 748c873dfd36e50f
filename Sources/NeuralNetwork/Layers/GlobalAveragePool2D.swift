package import Core

/// The mean of each channel: from `[height, width, channels]` to `[channels]`.
package struct GlobalAveragePool2D: Layer {
    package static let names = LayerNames(
        "global_average_pool2d", label: "GlobalAveragePool2D", summaryType: "GlobalAveragePooling2D",
        summaryStem: "global_average_pooling2d")
    package static let documentation = """
        The mean of each channel over the whole image, pixels summed in row order. The output is flat.
        """

    package init() {}

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {}

    package func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape {
        .flat(try input.image.channels)
    }

    package func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer {
        let image = site.input.checkedImage
        let whole = Extent(height: image.height, width: image.width)
        let geometry = WindowGeometry(image, window: whole, stride: whole, padding: .valid)
        return graph.append(
            AveragePoolPlan(geometry: geometry, channels: image.channels), inputs: site.inputBuffer)
    }

    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        let means = graph.append("GlobalAveragePool", [site.inputValue])
        return graph.append("Flatten", [means], ["axis": .integer(1)])
    }

    package func torchModules(_ site: ExportSite) -> [TorchModule] {
        [TorchModule("nn.AdaptiveAvgPool2d(1)", stem: "avgpool"), TorchModule("nn.Flatten()", stem: "flatten")]
    }

    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] { [KerasLayer("GlobalAveragePooling2D")] }
}

extension LayerConfiguration {
    /// The mean of each channel over the whole image: `[height, width, channels]` becomes `[channels]`.
    public static let globalAveragePool2D = LayerConfiguration(GlobalAveragePool2D())
}
