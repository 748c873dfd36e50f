import NeuralNetwork

/// Reads the model's part of an experiment. Whether its shapes fit together is the network's to check.
enum ModelReader {
    private static let layerNames = ["conv2d", "max_pool2d", "flatten", "dense"]

    static func model(_ field: YAMLField) throws(ExperimentError) -> ModelConfiguration {
        let mapping = try YAMLMapping(field, allowed: ["input", "layers"])
        let input = try mapping.required("input")
        let extents = try input.elements("a list of height, width and channels")
        guard extents.count == 3 else { throw input.wrongType("a list of height, width and channels") }
        let layersField = try mapping.required("layers")
        let elements = try layersField.elements("a list of layers")
        guard ExperimentLimits.layers.contains(elements.count) else {
            let expected = "1 to \(ExperimentLimits.layers.upperBound) layers"
            throw layersField.failure(.outOfRange(expected: expected, found: String(elements.count)))
        }
        var layers: [LayerConfiguration] = []
        for element in elements { layers.append(try layer(element)) }
        return ModelConfiguration(
            inputShape: ImageShape(
                height: try extents[0].integer(ExperimentLimits.imageExtent),
                width: try extents[1].integer(ExperimentLimits.imageExtent),
                channels: try extents[2].integer(ExperimentLimits.channels)),
            layers: layers)
    }

    /// A layer is a bare name, or a name with a mapping of its settings.
    private static func layer(_ field: YAMLField) throws(ExperimentError) -> LayerConfiguration {
        if field.isScalar {
            let name = try field.text("a layer")
            switch name {
            case "max_pool2d": return .maxPool2D
            case "flatten": return .flatten
            case "conv2d": throw field.failure(.missingKey("filters"))
            case "dense": throw field.failure(.missingKey("units"))
            default: throw field.unknownValue(name, layerNames)
            }
        }
        let mapping = try YAMLMapping(field, allowed: layerNames, expected: "a layer")
        guard let name = mapping.keys.first, mapping.keys.count == 1 else {
            throw field.wrongType("one layer (begin each with a dash)")
        }
        let settings = try mapping.required(name)
        switch name {
        case "conv2d": return .convolution2D(try convolution(settings))
        case "dense": return .dense(try dense(settings))
        case "max_pool2d":
            _ = try YAMLMapping(settings, allowed: [])
            return .maxPool2D
        default:
            _ = try YAMLMapping(settings, allowed: [])
            return .flatten
        }
    }

    private static func convolution(_ field: YAMLField) throws(ExperimentError) -> Convolution2DConfiguration {
        let mapping = try YAMLMapping(field, allowed: ["filters", "kernel", "padding", "activation"])
        let kernel = try mapping.required("kernel")
        let extents = try kernel.elements("a list of height and width")
        guard extents.count == 2 else { throw kernel.wrongType("a list of height and width") }
        return Convolution2DConfiguration(
            filters: try mapping.required("filters").integer(ExperimentLimits.filters),
            kernelHeight: try extents[0].integer(ExperimentLimits.kernelExtent),
            kernelWidth: try extents[1].integer(ExperimentLimits.kernelExtent),
            padding: try mapping.optional("padding")?.choice(Convolution2DConfiguration.Padding.self) ?? .valid,
            activation: try mapping.required("activation").choice(Activation.self))
    }

    private static func dense(_ field: YAMLField) throws(ExperimentError) -> DenseConfiguration {
        let mapping = try YAMLMapping(field, allowed: ["units", "activation"])
        return DenseConfiguration(
            units: try mapping.required("units").integer(ExperimentLimits.units),
            activation: try mapping.required("activation").choice(Activation.self))
    }
}
