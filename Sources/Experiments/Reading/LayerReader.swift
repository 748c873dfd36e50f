import Core
import NeuralNetwork

/// Reads one entry of a model's list of layers.
enum LayerReader {
    private enum Name: String, CaseIterable {
        case convolution = "conv2d"
        case maximumPool = "max_pool2d"
        case averagePool = "average_pool2d"
        case globalAveragePool = "global_average_pool2d"
        case flatten
        case dense
        case dropout
        case batchNormalization = "batch_norm"
        case activation
        case resize
        case repeatChannels = "repeat_channels"
        case vgg16
    }

    private static let names = Name.allCases.map(\.rawValue)

    /// A layer is a bare name, or a name with its settings. `vgg16` is many layers.
    static func layers(_ field: SettingNode) throws(SettingError) -> [LayerConfiguration] {
        if field.isScalar {
            let text = try field.text("a layer")
            guard let name = Name(rawValue: text) else { throw field.unknownValue(text, names) }
            return try bare(name, field)
        }
        let mapping = try field.mapping(allowed: names, expected: "a layer")
        guard let text = mapping.keys.first, mapping.keys.count == 1, let name = Name(rawValue: text) else {
            throw field.wrongType("one layer (begin each with a dash)")
        }
        return try layers(name, mapping.required(text))
    }

    private static func bare(_ name: Name, _ field: SettingNode) throws(SettingError) -> [LayerConfiguration] {
        switch name {
        case .maximumPool: return [.maxPool2D]
        case .averagePool: return [.pool2D(Pool2DConfiguration(kind: .average))]
        case .globalAveragePool: return [.globalAveragePool2D]
        case .flatten: return [.flatten]
        case .batchNormalization: return [.batchNormalization(BatchNormalizationConfiguration())]
        case .vgg16: return VGG16.layers(trainableFrom: nil)
        case .convolution: throw field.failure(.missingKey("filters"))
        case .dense: throw field.failure(.missingKey("units"))
        case .dropout: throw field.failure(.missingKey("rate"))
        case .activation, .resize, .repeatChannels: throw field.wrongType("\(name.rawValue): and its value")
        }
    }

    private static func layers(_ name: Name, _ field: SettingNode) throws(SettingError) -> [LayerConfiguration] {
        switch name {
        case .convolution: return [.convolution2D(try convolution(field))]
        case .dense: return [.dense(try dense(field))]
        case .maximumPool: return [.pool2D(try pool(.maximum, field))]
        case .averagePool: return [.pool2D(try pool(.average, field))]
        case .dropout:
            let mapping = try field.mapping(allowed: ["rate"])
            let rate: Float = try mapping.required("rate").number("from 0 to below 1") { $0 >= 0 && $0 < 1 }
            return [.dropout(rate: rate)]
        case .batchNormalization: return [.batchNormalization(try normalization(field))]
        case .activation: return [.activation(try field.choice(Activation.self))]
        case .resize: return [.resize(try extent(field, ExperimentLimits.imageExtent))]
        case .repeatChannels: return [.repeatChannels(count: try field.integer(ExperimentLimits.channels))]
        case .vgg16:
            let start = try field.mapping(allowed: ["trainable_from"]).optional("trainable_from")
            return VGG16.layers(trainableFrom: try start.map { field throws(SettingError) in try blockName(field) })
        case .globalAveragePool, .flatten:
            _ = try field.mapping(allowed: [])
            return try bare(name, field)
        }
    }

    private static func blockName(_ field: SettingNode) throws(SettingError) -> String {
        let name = try field.text("the name of a convolution")
        guard VGG16.names.contains(name) else { throw field.unknownValue(name, VGG16.names) }
        return name
    }

    private static func convolution(_ field: SettingNode) throws(SettingError) -> Convolution2DConfiguration {
        let mapping = try field.mapping(allowed: [
            "name", "filters", "kernel", "stride", "padding", "activation", "l1", "l2", "trainable",
        ])
        let kernel = try extent(mapping.required("kernel"), ExperimentLimits.kernelExtent)
        return Convolution2DConfiguration(
            name: try name(mapping), filters: try mapping.required("filters").integer(ExperimentLimits.filters),
            kernelHeight: kernel.height, kernelWidth: kernel.width,
            stride: try mapping.optional("stride").map(stride) ?? Extent(1),
            padding: try mapping.optional("padding")?.choice(Padding.self) ?? .valid,
            activation: try mapping.required("activation").choice(Activation.self),
            regularization: try regularization(mapping),
            isTrainable: try mapping.optional("trainable")?.truthValue() ?? true)
    }

    private static func dense(_ field: SettingNode) throws(SettingError) -> DenseConfiguration {
        let mapping = try field.mapping(allowed: ["name", "units", "activation", "l1", "l2", "trainable"])
        return DenseConfiguration(
            name: try name(mapping), units: try mapping.required("units").integer(ExperimentLimits.units),
            activation: try mapping.required("activation").choice(Activation.self),
            regularization: try regularization(mapping),
            isTrainable: try mapping.optional("trainable")?.truthValue() ?? true)
    }

    private static func pool(
        _ kind: Pool2DConfiguration.Kind, _ field: SettingNode
    ) throws(SettingError) -> Pool2DConfiguration {
        let mapping = try field.mapping(allowed: ["window", "stride", "padding"])
        return Pool2DConfiguration(
            kind: kind, window: try mapping.optional("window").map(window) ?? Extent(2),
            stride: try mapping.optional("stride").map(stride),
            padding: try mapping.optional("padding")?.choice(Padding.self) ?? .valid)
    }

    private static func normalization(
        _ field: SettingNode
    ) throws(SettingError) -> BatchNormalizationConfiguration {
        let mapping = try field.mapping(allowed: ["momentum", "epsilon", "ghost", "trainable"])
        let defaults = BatchNormalizationConfiguration()
        return BatchNormalizationConfiguration(
            momentum: try mapping.optional("momentum")?.number("from 0 to below 1") { $0 >= 0 && $0 < 1 }
                ?? defaults.momentum,
            epsilon: try mapping.optional("epsilon")?.number("above 0") { $0 > 0 } ?? defaults.epsilon,
            isGhost: try mapping.optional("ghost")?.truthValue() ?? false,
            isTrainable: try mapping.optional("trainable")?.truthValue() ?? true)
    }

    private static func name(_ mapping: SettingMapping) throws(SettingError) -> String? {
        guard let field = mapping.optional("name") else { return nil }
        let name = try field.text("a name")
        guard ExperimentLimits.isName(name), !name.contains(".") else {
            throw field.failure(.outOfRange(expected: ExperimentLimits.layerNameExpectation, found: quoted(name)))
        }
        return name
    }

    private static func regularization(_ mapping: SettingMapping) throws(SettingError) -> Regularization {
        Regularization(
            l1: try mapping.optional("l1")?.number("0 or more") { $0 >= 0 } ?? 0,
            l2: try mapping.optional("l2")?.number("0 or more") { $0 >= 0 } ?? 0)
    }

    private static func stride(_ field: SettingNode) throws(SettingError) -> Extent {
        try extent(field, ExperimentLimits.kernelExtent)
    }

    private static func window(_ field: SettingNode) throws(SettingError) -> Extent {
        try extent(field, ExperimentLimits.imageExtent)
    }

    private static func extent(_ field: SettingNode, _ limits: ClosedRange<Int>) throws(SettingError) -> Extent {
        let elements = try field.elements("a list of height and width")
        guard elements.count == 2 else { throw field.wrongType("a list of height and width") }
        return Extent(height: try elements[0].integer(limits), width: try elements[1].integer(limits))
    }
}
