/// One layer of a sequential model.
package enum LayerConfiguration: Sendable, Equatable {
    case convolution2D(Convolution2DConfiguration)
    case pool2D(Pool2DConfiguration)
    /// The mean of each channel: from `[height, width, channels]` to `[channels]`.
    case globalAveragePool2D
    /// From `[height, width, channels]` to `[height · width · channels]`, in that order.
    case flatten
    case dense(DenseConfiguration)
    /// In training each element is dropped with probability `rate`, from 0 to below 1, and the others are divided by
    /// 1 − rate.
    case dropout(rate: Float)
    case batchNormalization(BatchNormalizationConfiguration)
    case activation(Activation)
    /// Bilinear, with pixel centres at half integers as in TensorFlow; only before all layers with parameters.
    case resize(Extent)
    /// Each channel `count` times, one whole set after the other; only before all layers with parameters.
    case repeatChannels(count: Int)

    /// Max-pooling over 2×2 windows with stride 2, valid: an odd last row or column is dropped.
    package static let maxPool2D = LayerConfiguration.pool2D(Pool2DConfiguration(kind: .maximum))
}

/// A 2-D convolution; weights start Glorot uniform, biases at zero.
package struct Convolution2DConfiguration: Sendable, Equatable {
    /// The layer's own name, which begins those of its tensors; nil names it by its place.
    package var name: String?
    package var filters: Int
    package var kernelHeight: Int
    package var kernelWidth: Int
    package var stride: Extent
    package var padding: Padding
    package var activation: Activation
    package var regularization: Regularization
    /// A frozen layer keeps its weights.
    package var isTrainable: Bool

    package init(
        name: String? = nil, filters: Int, kernelHeight: Int, kernelWidth: Int, stride: Extent = Extent(1),
        padding: Padding = .valid, activation: Activation = .relu, regularization: Regularization = .none,
        isTrainable: Bool = true
    ) {
        self.name = name
        self.filters = filters
        self.kernelHeight = kernelHeight
        self.kernelWidth = kernelWidth
        self.stride = stride
        self.padding = padding
        self.activation = activation
        self.regularization = regularization
        self.isTrainable = isTrainable
    }

    package typealias Padding = NeuralNetwork.Padding
}

/// Pooling over windows of an image, each channel by itself.
package struct Pool2DConfiguration: Sendable, Equatable {
    package enum Kind: String, Sendable, Equatable, CaseIterable {
        /// The first maximum in row order.
        case maximum
        /// The mean of the window's pixels inside the image, as in Keras.
        case average
    }

    package var kind: Kind
    package var window: Extent
    package var stride: Extent
    package var padding: Padding

    package init(kind: Kind, window: Extent = Extent(2), stride: Extent? = nil, padding: Padding = .valid) {
        self.kind = kind
        self.window = window
        self.stride = stride ?? window
        self.padding = padding
    }
}

/// A fully connected layer; weights start Glorot uniform, biases at zero.
package struct DenseConfiguration: Sendable, Equatable {
    /// The layer's own name, which begins those of its tensors; nil names it by its place.
    package var name: String?
    package var units: Int
    package var activation: Activation
    package var regularization: Regularization
    /// A frozen layer keeps its weights.
    package var isTrainable: Bool

    package init(
        name: String? = nil, units: Int, activation: Activation = .relu, regularization: Regularization = .none,
        isTrainable: Bool = true
    ) {
        self.name = name
        self.units = units
        self.activation = activation
        self.regularization = regularization
        self.isTrainable = isTrainable
    }
}

/// Batch normalisation over all positions of each channel (Ioffe & Szegedy 2015), with Keras's constants.
package struct BatchNormalizationConfiguration: Sendable, Equatable {
    /// The share of the running statistics that a step keeps.
    package var momentum: Float
    package var epsilon: Float
    /// Statistics of each micro-batch by itself instead of the whole global batch: no exchange inside a step.
    package var isGhost: Bool
    /// A frozen layer normalises with its running statistics, in training too.
    package var isTrainable: Bool

    package init(momentum: Float = 0.99, epsilon: Float = 1e-3, isGhost: Bool = false, isTrainable: Bool = true) {
        self.momentum = momentum
        self.epsilon = epsilon
        self.isGhost = isGhost
        self.isTrainable = isTrainable
    }
}
