import Core
import NeuralNetwork

/// Reads the model's part of an experiment. Whether its shapes fit together is the network's to check.
enum ModelReader {
    static func model(_ field: SettingNode) throws(SettingError) -> ModelConfiguration {
        let mapping = try field.mapping(allowed: ["input", "layers"])
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
        for element in elements { layers += try Self.layers(element) }
        return ModelConfiguration(
            inputShape: ImageShape(
                height: try extents[0].integer(ExperimentLimits.imageExtent),
                width: try extents[1].integer(ExperimentLimits.imageExtent),
                channels: try extents[2].integer(ExperimentLimits.channels)),
            layers: layers)
    }

    /// One entry of the list; `vgg16` is many layers.
    private static func layers(_ node: SettingNode) throws(SettingError) -> [LayerConfiguration] {
        let kinds: [any SettingsKind.Type] = LayerKinds.all + [VGG16.self]
        let choice = try node.choice(of: kinds, "a layer", one: "one layer (begin each with a dash)")
        guard choice.index < LayerKinds.all.count else { return try VGG16(reading: choice).layers }
        return [LayerConfiguration(try LayerKinds.all[choice.index].init(reading: choice))]
    }
}
