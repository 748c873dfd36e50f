/// A sequential model as its user describes it, before any shape is checked.
public struct ModelConfiguration: Sendable, Equatable {
    /// Height, width and channels of one sample.
    public var inputShape: ImageShape
    public var layers: [LayerConfiguration]

    public init(inputShape: ImageShape, layers: [LayerConfiguration]) {
        self.inputShape = inputShape
        self.layers = layers
    }
}

/// Height, width and channels of one image.
public struct ImageShape: Sendable, Equatable {
    public var height: Int
    public var width: Int
    public var channels: Int

    public init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    public var elementCount: Int { height * width * channels }
}

/// One layer of a sequential model.
public enum LayerConfiguration: Sendable, Equatable {
    case convolution2D(Convolution2DConfiguration)
    /// Max-pooling over 2×2 windows with stride 2, valid: an odd last row or column is dropped.
    case maxPool2D
    /// From `[height, width, channels]` to `[height · width · channels]`, in that order.
    case flatten
    case dense(DenseConfiguration)
}

/// A 2-D convolution with stride 1; weights start Glorot uniform, biases at zero.
public struct Convolution2DConfiguration: Sendable, Equatable {
    public var filters: Int
    public var kernelHeight: Int
    public var kernelWidth: Int
    public var padding: Padding
    public var activation: Activation

    public init(
        filters: Int, kernelHeight: Int, kernelWidth: Int, padding: Padding = .valid, activation: Activation = .relu
    ) {
        self.filters = filters
        self.kernelHeight = kernelHeight
        self.kernelWidth = kernelWidth
        self.padding = padding
        self.activation = activation
    }

    public enum Padding: String, Sendable, Equatable, CaseIterable {
        case valid
        /// The output is as large as the input; an odd pixel of padding goes to the bottom and right, as in Keras.
        case same
    }
}

/// A fully connected layer; weights start Glorot uniform, biases at zero.
public struct DenseConfiguration: Sendable, Equatable {
    public var units: Int
    public var activation: Activation

    public init(units: Int, activation: Activation = .relu) {
        self.units = units
        self.activation = activation
    }
}

/// What a layer applies to its sums. `sigmoid` and `softmax` stand only on the last layer, where the loss takes them
/// in.
public enum Activation: String, Sendable, Equatable, CaseIterable {
    case linear
    case relu
    case sigmoid
    case softmax
}
