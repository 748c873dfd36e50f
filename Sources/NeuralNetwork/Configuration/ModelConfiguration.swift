/// A sequential model as its user describes it, before any shape is checked.
package struct ModelConfiguration: Sendable, Equatable {
    /// Height, width and channels of one sample.
    package var inputShape: ImageShape
    package var layers: [LayerConfiguration]

    package init(inputShape: ImageShape, layers: [LayerConfiguration]) {
        self.inputShape = inputShape
        self.layers = layers
    }
}

/// Height, width and channels of one image.
package struct ImageShape: Sendable, Equatable {
    package var height: Int
    package var width: Int
    package var channels: Int

    package init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    package var elementCount: Int { height * width * channels }
}

/// Height and width of a kernel, a window or a step.
package struct Extent: Sendable, Equatable {
    package var height: Int
    package var width: Int

    package init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    package init(_ size: Int) {
        self.init(height: size, width: size)
    }
}

/// What lies around an image where a kernel or window reaches over its edge.
package enum Padding: String, Sendable, Equatable, CaseIterable {
    /// Nothing: windows stay inside the image.
    case valid
    /// As many positions as the input has, divided by the stride and rounded up; an odd pixel of padding goes to the
    /// bottom and right, as in Keras.
    case same
}

/// What a layer applies to its sums, or an Activation layer to its input.
package enum Activation: String, Sendable, Equatable, CaseIterable {
    case linear
    case relu
    case sigmoid
    case softmax
    case tanh
}

/// Penalties on a layer's kernel, as Keras reads them: l1·Σ|w| + l2·Σw² is added to the loss.
package struct Regularization: Sendable, Equatable {
    package var l1: Float
    package var l2: Float

    package init(l1: Float = 0, l2: Float = 0) {
        self.l1 = l1
        self.l2 = l2
    }

    package static let none = Regularization()
}
