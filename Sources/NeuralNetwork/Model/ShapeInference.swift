/// The checks that stand between a model's description and a model.
enum ShapeInference {
    /// Labels are bytes.
    static let classLimit = 256
    /// Far above any model that a processor trains, and within the 16 bits that key a layer's random numbers.
    static let layerLimit = 1000

    /// The output shape of each layer; throws at the first that cannot follow the one before.
    static func outputShapes(of configuration: ModelConfiguration) throws(ModelError) -> [TensorShape] {
        let input = configuration.inputShape
        guard input.height >= 1, input.width >= 1, input.channels >= 1,
            checkedProduct([input.height, input.width, input.channels]) != nil
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
            shape = try layer.outputShape(of: shape, number: index + 1)
            shapes.append(shape)
        }
        return shapes
    }

    /// Checks names and the layers that may stand only in some places.
    static func checkPlaces(of configuration: ModelConfiguration) throws(ModelError) {
        var names: Set<String> = []
        var hasParameters = false
        let ownNames = Set(configuration.layers.compactMap(\.ownName))
        var automaticNames = LayerNames()
        for (index, layer) in configuration.layers.enumerated() {
            let fault = layer.fault(index + 1)
            if let name = layer.ownName, !names.insert(name).inserted {
                throw fault("the name \(name) is taken by another layer: give each its own")
            }
            if let name = automaticNames.next(layer), name != layer.ownName, ownNames.contains(name) {
                throw fault("its automatic name \(name) is the name of another layer: give one of the two another name")
            }
            switch layer {
            case .convolution2D, .dense, .batchNormalization: hasParameters = true
            case .resize, .repeatChannels:
                guard !hasParameters else { throw fault("it prepares the input: put it before all layers that learn") }
            default: break
            }
        }
    }

    /// The last Dense layer with what the loss applies to its sums, which may stand in an Activation layer behind it.
    static func outputLayer(
        of configuration: ModelConfiguration, loss: any Loss
    ) throws(ModelError) -> OutputLayer {
        let last = configuration.layers.count - 1
        var (index, activation) = (last, configuration.layers[last].activation)
        if case .activation = configuration.layers[last], last > 0, configuration.layers[last - 1].activation == .linear
        {
            index -= 1
        }
        guard case .dense(let dense) = configuration.layers[index],
            type(of: loss).outputActivations.contains(activation)
        else {
            let names = type(of: loss).outputActivations.map(\.rawValue)
            let choices = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
            throw configuration.layers[last].fault(last + 1)(
                "the last layer must be Dense with \(choices): the loss needs one output a class")
        }
        if index == last { activation = dense.activation }
        guard (2...classLimit).contains(dense.units) else {
            throw configuration.layers[index].fault(index + 1)(
                "\(dense.units) classes are not possible: give 2 to \(classLimit)")
        }
        return OutputLayer(index: index, classCount: dense.units, activation: activation)
    }
}

/// The layer that the loss is fused with.
struct OutputLayer: Sendable, Equatable {
    /// The Dense layer's index.
    let index: Int
    let classCount: Int
    let activation: Activation
}

extension LayerConfiguration {
    /// What the layer applies to its sums; `linear` for layers without.
    var activation: Activation {
        switch self {
        case .convolution2D(let convolution): convolution.activation
        case .dense(let dense): dense.activation
        case .activation(let activation): activation
        default: .linear
        }
    }
}
