/// One layer of a checked model, as summary tables show it.
package struct LayerDescription: Sendable, Equatable {
    /// The layer's own name, or a Keras-like one, unique in the model: `conv2d`, `max_pooling2d`, `dense_1`, …
    package var name: String
    /// `Conv2D`, `MaxPooling2D`, `Flatten`, `Dense`, …
    package var type: String
    /// The shape of one sample's output: `[height, width, channels]` or `[units]`.
    package var outputShape: [Int]
    /// Numbers of the layer, without the arena's padding.
    package var parameterCount: Int
    /// Those of them that training changes by gradients.
    package var trainableCount: Int

    /// Keras's text of the output shape: `(None, 13, 13, 32)`.
    package var outputShapeText: String {
        "(None, " + outputShape.map(String.init).joined(separator: ", ") + ")"
    }
}

extension LayerConfiguration {
    /// The kind as error messages name it.
    var kind: String {
        switch self {
        case .convolution2D: "Conv2D"
        case .pool2D(let pool): pool.kind == .maximum ? "MaxPool2D" : "AveragePool2D"
        case .globalAveragePool2D: "GlobalAveragePool2D"
        case .flatten: "Flatten"
        case .dense: "Dense"
        case .dropout: "Dropout"
        case .batchNormalization: "BatchNorm"
        case .activation: "Activation"
        case .resize: "Resize"
        case .repeatChannels: "RepeatChannels"
        }
    }

    /// The class name in Keras's summaries.
    var kerasType: String {
        switch self {
        case .pool2D(let pool): pool.kind == .maximum ? "MaxPooling2D" : "AveragePooling2D"
        case .globalAveragePool2D: "GlobalAveragePooling2D"
        case .batchNormalization: "BatchNormalization"
        case .resize: "Resizing"
        default: kind
        }
    }

    /// The stem of the layer's name in Keras's summaries.
    var kerasName: String {
        switch self {
        case .convolution2D: "conv2d"
        case .pool2D(let pool): pool.kind == .maximum ? "max_pooling2d" : "average_pooling2d"
        case .globalAveragePool2D: "global_average_pooling2d"
        case .flatten: "flatten"
        case .dense: "dense"
        case .dropout: "dropout"
        case .batchNormalization: "batch_normalization"
        case .activation: "activation"
        case .resize: "resizing"
        case .repeatChannels: "repeat_channels"
        }
    }

    /// The name that its user gave the layer.
    var ownName: String? {
        switch self {
        case .convolution2D(let convolution): convolution.name
        case .dense(let dense): dense.name
        default: nil
        }
    }

    /// Whether gradients change the layer's parameters; false for a layer without any.
    var isTrainable: Bool {
        switch self {
        case .convolution2D(let convolution): convolution.isTrainable
        case .dense(let dense): dense.isTrainable
        case .batchNormalization(let normalization): normalization.isTrainable
        default: false
        }
    }
}
