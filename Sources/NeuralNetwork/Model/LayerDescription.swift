/// One layer of a checked model, as summary tables show it.
public struct LayerDescription: Sendable, Equatable {
    /// Keras-like and unique in the model: `conv2d`, `max_pooling2d`, `flatten`, `dense`, `dense_1`, …
    public var name: String
    /// `Conv2D`, `MaxPooling2D`, `Flatten` or `Dense`.
    public var type: String
    /// The shape of one sample's output: `[height, width, channels]` or `[units]`.
    public var outputShape: [Int]
    /// Trainable numbers of the layer, without the arena's padding.
    public var parameterCount: Int

    /// Keras's text of the output shape: `(None, 13, 13, 32)`.
    public var outputShapeText: String {
        "(None, " + outputShape.map(String.init).joined(separator: ", ") + ")"
    }
}

extension LayerConfiguration {
    /// The kind as error messages name it.
    var kind: String {
        switch self {
        case .convolution2D: "Conv2D"
        case .maxPool2D: "MaxPool2D"
        case .flatten: "Flatten"
        case .dense: "Dense"
        }
    }

    /// The class name in Keras's summaries.
    var kerasType: String {
        switch self {
        case .maxPool2D: "MaxPooling2D"
        default: kind
        }
    }

    /// The stem of the layer's name in Keras's summaries.
    var kerasName: String {
        switch self {
        case .convolution2D: "conv2d"
        case .maxPool2D: "max_pooling2d"
        case .flatten: "flatten"
        case .dense: "dense"
        }
    }
}
