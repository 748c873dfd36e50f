import Core
package import NeuralNetwork

/// A model as TensorBoard draws it: a node for each layer with its tensors, from the pixels to the loss.
///
/// The message is TensorFlow's GraphDef. TensorBoard groups nodes by the parts of their names before a slash, and labels
/// edges with the shapes in `_output_shapes`.
package struct ModelGraph {
    struct Node: Equatable {
        var name: String
        var operation: String
        /// Names of nodes.
        var inputs: [String] = []
        /// The shape of the output; -1 for the number of samples.
        var shape: [Int]
        /// Further facts, in the order of their names.
        var facts: [String: String] = [:]
    }

    let nodes: [Node]

    package init(_ model: Model) {
        let image = model.configuration.inputShape
        var names = Set(model.layers.map(\.name))
        func free(_ wanted: String) -> String {
            var name = wanted
            while !names.insert(name).inserted { name += "_" }
            return name
        }
        let pixels = Node(
            name: free("pixels"), operation: "Placeholder", shape: [-1, image.height, image.width, image.channels])
        let labels = Node(name: free("labels"), operation: "Placeholder", shape: [-1])
        var (nodes, last) = ([pixels], pixels.name)
        for (index, layer) in model.layers.enumerated() {
            let tensors = model.parameters.filter { $0.layerIndex == index }.map { parameter in
                Node(
                    name: "\(layer.name)/\(parameter.name.split(separator: ".").last ?? "")", operation: "Variable",
                    shape: parameter.internalShape, facts: ["tensor": parameter.name, "role": parameter.role.text])
            }
            let configuration = model.configuration.layers[index].layer
            nodes += tensors
            nodes.append(
                Node(
                    name: layer.name, operation: layer.type, inputs: [last] + tensors.map(\.name),
                    shape: [-1] + layer.outputShape, facts: ["settings": configuration.canonicalText]))
            last = layer.name
        }
        let loss = Node(
            name: free("loss"), operation: type(of: model.loss).key, inputs: [last, labels.name], shape: [])
        self.nodes = nodes + [labels, loss]
    }

    /// The message GraphDef: the same model gives the same bytes.
    package var message: [UInt8] {
        var graph = ProtocolBufferWriter()
        for node in nodes { graph.add(1) { node.add(to: &$0) } }
        // The version of TensorFlow that reads it does not matter: a producer has to be named.
        graph.add(4) { $0.add(1, integer: 1) }
        return graph.bytes
    }
}

extension ModelGraph.Node {
    /// Adds the fields of a NodeDef.
    fileprivate func add(to message: inout ProtocolBufferWriter) {
        message.add(1, text: name)
        message.add(2, text: operation)
        for input in inputs { message.add(3, text: input) }
        Self.addAttribute("_output_shapes", to: &message) { value in
            value.add(1) { list in
                list.add(7) { shape in
                    for extent in self.shape { shape.add(2) { $0.add(1, integer: Int64(extent)) } }
                }
            }
        }
        for (name, text) in facts.sorted(by: { $0.key < $1.key }) {
            Self.addAttribute(name, to: &message) { $0.add(2, text: text) }
        }
    }

    /// Adds an entry to a map from names to AttrValue.
    private static func addAttribute(
        _ name: String, to message: inout ProtocolBufferWriter, value: (inout ProtocolBufferWriter) -> Void
    ) {
        message.add(5) { entry in
            entry.add(1, text: name)
            entry.add(2, message: value)
        }
    }
}

extension ParameterDescription.Role {
    fileprivate var text: String {
        switch self {
        case .trainable: "trained"
        case .frozen: "frozen"
        case .runningMean(let momentum): "running mean, momentum \(momentum)"
        }
    }
}
