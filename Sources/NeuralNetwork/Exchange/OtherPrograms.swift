import Core

/// A module of `torch.nn` in a generated Python program, one of those that a layer consists of there.
package struct TorchModule: Sendable, Equatable {
    /// What makes it: `nn.Conv2d(1, 32, (3, 3))`.
    package let expression: String
    /// What its name begins with, where it has no tensors: `relu`.
    package let stem: String
    /// Whether the layer's tensors are this module's, so that it has the layer's name.
    package let hasTensors: Bool
    /// A class that the program needs for it.
    package let definition: String?

    init(_ expression: String, stem: String, hasTensors: Bool = false, definition: String? = nil) {
        self.expression = expression
        self.stem = stem
        self.hasTensors = hasTensors
        self.definition = definition
    }
}

/// A layer of Keras 3, one of those that a layer consists of there. Images are `[batch, height, width, channels]`.
package struct KerasLayer: Sendable, Equatable {
    /// The class in `keras.layers`.
    package let className: String
    /// The arguments that make it, as JSON, without its name.
    package let arguments: [String: String]
    package let tensors: Tensors

    package enum Tensors: Sendable, Equatable {
        case none
        /// Those of the layer, in its order and in the layout inside, which is that of Keras.
        case ofLayer
        /// Numbers that are part of the layer.
        case constant(shape: [Int], [Float])
    }

    init(_ className: String, _ arguments: [String: String] = [:], tensors: Tensors = .none) {
        self.className = className
        self.arguments = arguments
        self.tensors = tensors
    }
}

/// Values as Python and JSON both write them.
enum ValueText {
    /// `(2, 3)`, for Python.
    static func tuple(_ values: [Int]) -> String { "(" + values.map(String.init).joined(separator: ", ") + ")" }

    /// `[2, 3]`, for JSON.
    static func list(_ values: [Int]) -> String { "[" + values.map(String.init).joined(separator: ", ") + "]" }

    /// `"same"`, for JSON. The text has no character that needs an escape.
    static func word(_ text: String) -> String { "\"\(text)\"" }
}

extension Model {
    /// The model as the modules of `nn.Sequential`, with the names of the layers that have tensors. The last activation
    /// is apart: it makes outputs of logits, and is nil for a linear output.
    package func torchModules() -> (modules: [(layer: String?, module: TorchModule)], output: TorchModule?) {
        var modules: [(layer: String?, module: TorchModule)] = []
        var output: TorchModule?
        for (index, layer) in configuration.layers.map(\.layer).enumerated() {
            let name = parameters.first { $0.layerIndex == index }?.layerName
            modules += layer.torchModules(exportSite(ofLayer: index)).map {
                (layer: $0.hasTensors ? name : nil, module: $0)
            }
            let activation = layer.activation.torchModule
            if index == configuration.layers.count - 1 {
                output = activation
            } else if let activation {
                modules.append((nil, activation))
            }
        }
        return (modules, output)
    }

    /// The model as the layers of `keras.Sequential`, each with the tensors that it has there.
    package func kerasLayers() -> [(name: String, layer: KerasLayer, parameters: [ParameterDescription])] {
        var result: [(name: String, layer: KerasLayer, parameters: [ParameterDescription])] = []
        for (index, layer) in configuration.layers.map(\.layer).enumerated() {
            let own = parameters.filter { $0.layerIndex == index }
            for part in layer.kerasLayers(exportSite(ofLayer: index)) {
                result.append((layers[index].name, part, part.tensors == .ofLayer ? own : []))
            }
            if let activation = layer.activation.kerasLayer { result.append((layer.activation.name, activation, [])) }
        }
        return result
    }

    private func exportSite(ofLayer index: Int) -> ExportSite {
        exportSite(ofLayer: index, input: OperatorGraph.Value(name: ""))
    }
}
