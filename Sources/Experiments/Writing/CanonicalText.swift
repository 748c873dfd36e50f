import Core
import NeuralNetwork

/// Pieces of an experiment's canonical form. Numbers are the shortest text that reads back to the same bits; what has its default is
/// left out where it came to the format later.
extension CanonicalText {
    static func layer(_ layer: LayerConfiguration) -> String {
        switch layer {
        case .convolution2D(let value): return "conv2d: " + convolution(value)
        case .pool2D(let value): return pool(value)
        case .globalAveragePool2D: return "global_average_pool2d"
        case .flatten: return "flatten"
        case .dense(let value): return "dense: " + dense(value)
        case .dropout(let rate): return "dropout: {rate: \(rate)}"
        case .batchNormalization(let value):
            return "batch_norm: {momentum: \(value.momentum), epsilon: \(value.epsilon), ghost: \(value.isGhost), "
                + "trainable: \(value.isTrainable)}"
        case .activation(let activation): return "activation: \(activation.rawValue)"
        case .resize(let size): return "resize: \(extent(size))"
        case .repeatChannels(let count): return "repeat_channels: \(count)"
        }
    }

    private static func convolution(_ value: Convolution2DConfiguration) -> String {
        var fields = [
            "filters: \(value.filters)", "kernel: [\(value.kernelHeight), \(value.kernelWidth)]",
            "padding: \(value.padding.rawValue)", "activation: \(value.activation.rawValue)",
        ]
        if value.stride != Extent(1) { fields.append("stride: \(extent(value.stride))") }
        fields += common(name: value.name, value.regularization, isTrainable: value.isTrainable)
        return "{" + fields.joined(separator: ", ") + "}"
    }

    private static func dense(_ value: DenseConfiguration) -> String {
        let fields =
            ["units: \(value.units)", "activation: \(value.activation.rawValue)"]
            + common(name: value.name, value.regularization, isTrainable: value.isTrainable)
        return "{" + fields.joined(separator: ", ") + "}"
    }

    private static func common(name: String?, _ penalty: Regularization, isTrainable: Bool) -> [String] {
        var fields: [String] = []
        if let name { fields.append("name: \(quoted(name))") }
        if penalty.l1 != 0 { fields.append("l1: \(penalty.l1)") }
        if penalty.l2 != 0 { fields.append("l2: \(penalty.l2)") }
        if !isTrainable { fields.append("trainable: false") }
        return fields
    }

    private static func pool(_ value: Pool2DConfiguration) -> String {
        let name = value.kind == .maximum ? "max_pool2d" : "average_pool2d"
        guard value != Pool2DConfiguration(kind: value.kind) else { return name }
        return "\(name): {window: \(extent(value.window)), stride: \(extent(value.stride)), "
            + "padding: \(value.padding.rawValue)}"
    }

    private static func extent(_ extent: Extent) -> String { "[\(extent.height), \(extent.width)]" }
}
