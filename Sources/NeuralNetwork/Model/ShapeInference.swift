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

    /// Checks that the last layer is one that the loss takes, and that no other has its activation; returns the last.
    static func checkActivations(of configuration: ModelConfiguration) throws(ModelError) -> DenseConfiguration {
        let count = configuration.layers.count
        for (index, layer) in configuration.layers.enumerated() {
            switch layer.activation {
            case .sigmoid, .softmax:
                guard index == count - 1, case .dense = layer else {
                    throw layer.fault(index + 1)(
                        "\(layer.activation.rawValue) belongs on the last Dense layer only: use relu or linear here")
                }
            case .linear, .relu:
                break
            }
        }
        let last = configuration.layers[count - 1]
        guard case .dense(let dense) = last, dense.activation == .softmax || dense.activation == .sigmoid else {
            throw last.fault(count)(
                "the last layer must be Dense with softmax or sigmoid: the loss needs one output a class")
        }
        guard (2...classLimit).contains(dense.units) else {
            throw last.fault(count)("\(dense.units) classes are not possible: give 2 to \(classLimit)")
        }
        return dense
    }
}

extension LayerConfiguration {
    /// What the layer applies to its sums; `linear` for layers without.
    var activation: Activation {
        switch self {
        case .convolution2D(let convolution): convolution.activation
        case .dense(let dense): dense.activation
        case .maxPool2D, .flatten: .linear
        }
    }
}
