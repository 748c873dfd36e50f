internal import Core

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

/// One layer of a sequential model, of any kind. Each kind's file adds a factory, such as `.dense(Dense(units: 10))`.
package struct LayerConfiguration: Sendable, Equatable {
    package var layer: any Layer

    package init(_ layer: any Layer) {
        self.layer = layer
    }

    package static func == (left: Self, right: Self) -> Bool { left.layer.isEqual(to: right.layer) }
}
