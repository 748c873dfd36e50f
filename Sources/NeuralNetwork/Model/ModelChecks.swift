/// Why a model cannot be built: which layer, and which shape is at fault.
package struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The layer's number from 1, or nil when the fault is the model's as a whole.
    package var layerNumber: Int?
    /// The layer's kind: `Conv2D`, `MaxPool2D`, `Flatten`, `Dense`, …
    package var layerKind: String?
    /// What is wrong, and what to do.
    package var message: String

    package init(layerNumber: Int? = nil, layerKind: String? = nil, message: String) {
        self.layerNumber = layerNumber
        self.layerKind = layerKind
        self.message = message
    }

    /// An error of the layer at `index`.
    init(_ index: Int, _ layer: any Layer, _ message: String) {
        self.init(layerNumber: index + 1, layerKind: type(of: layer).names.label, message: message)
    }

    package var description: String {
        guard let layerNumber, let layerKind else { return "model: \(message)" }
        return "layer \(layerNumber) (\(layerKind)): \(message)"
    }
}

/// The checks between a model's description and a model.
enum ModelChecks {
    /// Labels are bytes.
    static let classLimit = 256
    /// Far above any model that a processor trains, and within the 16 bits that key a layer's random numbers.
    static let layerLimit = 1000

    /// The output shape of each layer; throws at the first that cannot follow the one before.
    static func outputShapes(of configuration: ModelConfiguration) throws(ModelError) -> [TensorShape] {
        let input = configuration.inputShape
        guard input.height >= 1, input.width >= 1, input.channels >= 1,
            TensorShape.checkedProduct([input.height, input.width, input.channels]) != nil
        else {
            let text = "\(input.height)×\(input.width)×\(input.channels)"
            throw ModelError(message: "an input of \(text) is impossible: give height×width×channels, each at least 1")
        }
        guard !configuration.layers.isEmpty else {
            throw ModelError(message: "it has no layers: it must end with a Dense layer, softmax or sigmoid")
        }
        guard configuration.layers.count <= layerLimit else {
            throw ModelError(message: "\(configuration.layers.count) layers are too many: the limit is \(layerLimit)")
        }
        var shapes: [TensorShape] = []
        var shape = TensorShape.image(input)
        for (index, layer) in configuration.layers.enumerated() {
            do {
                shape = try layer.layer.outputShape(of: shape)
            } catch {
                throw ModelError(index, layer.layer, error.message)
            }
            shapes.append(shape)
        }
        return shapes
    }

    /// Checks that names are unique, given or automatic, and that layers without a gradient precede all that learn.
    static func checkPlaces(of configuration: ModelConfiguration) throws(ModelError) {
        let ownNames = Set(configuration.layers.compactMap(\.layer.name))
        var usedNames: Set<String> = []
        var parameterNames = ParameterNames()
        var hasParameters = false
        for (index, layer) in configuration.layers.map(\.layer).enumerated() {
            if let name = layer.name, !usedNames.insert(name).inserted {
                throw ModelError(index, layer, "the name \(name) is taken by another layer: give each its own")
            }
            if let name = parameterNames.next(layer), name != layer.name, ownNames.contains(name) {
                throw ModelError(
                    index, layer,
                    "its automatic name \(name) is the name of another layer: give one of the two another name")
            }
            if type(of: layer).preparesInput, hasParameters {
                throw ModelError(index, layer, "it prepares the input: put it before all layers that learn")
            }
            hasParameters = hasParameters || type(of: layer).names.parameterStem != nil
        }
    }

    /// The last Dense layer with what the loss applies to its sums, which may be an Activation layer behind it.
    static func outputLayer(
        of configuration: ModelConfiguration, loss: any Loss
    ) throws(ModelError) -> OutputLayer {
        let layers = configuration.layers.map(\.layer)
        let last = layers.count - 1
        var index = last
        if layers[last] is ActivationLayer, last > 0, layers[last - 1].activation == .linear { index -= 1 }
        guard let dense = layers[index] as? Dense, type(of: loss).outputActivations.contains(layers[last].activation)
        else {
            let names = type(of: loss).outputActivations.map(\.name)
            let choices = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
            throw ModelError(
                last, layers[last], "the last layer must be Dense with \(choices): the loss needs one output a class")
        }
        guard (2...classLimit).contains(dense.units) else {
            throw ModelError(
                index, dense, "\(dense.units) classes are not possible: give 2 to \(classLimit)")
        }
        return OutputLayer(index: last, classCount: dense.units)
    }
}

/// The last layer, whose output the loss takes.
struct OutputLayer: Sendable, Equatable {
    let index: Int
    let classCount: Int
}
