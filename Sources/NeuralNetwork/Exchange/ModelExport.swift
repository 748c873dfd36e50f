package import Core

/// A layer that is about to be exported: its place in the model, and the names of its tensors.
package struct ExportSite {
    let input: TensorShape
    let output: TensorShape
    /// The layer's tensors in the order of its declaration, in torch's layout.
    let tensors: [OperatorGraph.Value]
    /// The output of the layer before.
    let inputValue: OperatorGraph.Value
}

extension Model {
    /// The names of an exported model's input and outputs.
    package enum ExportedNames {
        package static let pixels = "pixels"
        package static let logits = "logits"
        package static let outputs = "outputs"
    }

    /// The model for inference, with `values` as its tensors: pixels 0…255 of `[batch, channels, height, width]` become
    /// logits, and outputs where the last layer has an activation. The division by 255 is the first operator.
    ///
    /// `values` has each tensor's elements in torch's layout.
    package func operatorGraph(values: (ParameterDescription) -> [Float]) -> OperatorGraph {
        let image = configuration.inputShape
        var graph = OperatorGraph(input: ExportedNames.pixels, shape: [image.channels, image.height, image.width])
        for parameter in parameters {
            graph.addTensor(
                OperatorGraph.Value(name: parameter.name), shape: parameter.torchShape, .floats(values(parameter)))
        }
        var value = graph.append("Div", graph.input.value, 255)
        let last = configuration.layers.count - 1
        for (index, layer) in configuration.layers.map(\.layer).enumerated() {
            let site = exportSite(ofLayer: index, input: value)
            value = layer.appendOperators(site, to: &graph)
            if index == last {
                graph.addOutput(value, name: ExportedNames.logits, shape: [classCount])
                value = OperatorGraph.Value(name: ExportedNames.logits)
            }
            let activated = graph.append(layer.activation, to: value)
            if index == last, activated != value {
                graph.addOutput(activated, name: ExportedNames.outputs, shape: [classCount])
            }
            value = activated
        }
        return graph
    }

    func exportSite(ofLayer index: Int, input: OperatorGraph.Value) -> ExportSite {
        ExportSite(
            input: index == 0 ? .image(configuration.inputShape) : outputShapes[index - 1], output: outputShapes[index],
            tensors: parameters.filter { $0.layerIndex == index }.map { OperatorGraph.Value(name: $0.name) },
            inputValue: input)
    }
}
