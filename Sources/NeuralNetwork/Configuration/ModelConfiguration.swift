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

/// Height and width of a kernel, a window or a step.
public struct Extent: Sendable, Equatable {
    public var height: Int
    public var width: Int

    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    public init(_ size: Int) {
        self.init(height: size, width: size)
    }
}

/// What lies around an image where a kernel or window reaches over its edge.
public enum Padding: String, Sendable, Equatable, CaseIterable {
    /// Nothing: windows stay inside the image.
    case valid
    /// As many positions as the input has, divided by the stride and rounded up; an odd pixel of padding goes to the
    /// bottom and right, as in Keras.
    case same
}

/// What a layer applies to its sums, or an Activation layer to its input.
public enum Activation: String, Sendable, Equatable, CaseIterable {
    case linear
    case relu
    case sigmoid
    case softmax
    case tanh
}

/// Penalties on a layer's kernel, as Keras reads them: l1·Σ|w| + l2·Σw² is added to the loss.
public struct Regularization: Sendable, Equatable {
    public var l1: Float
    public var l2: Float

    public init(l1: Float = 0, l2: Float = 0) {
        self.l1 = l1
        self.l2 = l2
    }

    public static let none = Regularization()
}
