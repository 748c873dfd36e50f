internal import Core

/// A sequential model: what goes in, and the layers one after another. Shapes are checked when training starts.
///
/// ```swift
/// let model = ModelConfiguration(
///     inputShape: ImageShape(height: 28, width: 28, channels: 1),
///     layers: [
///         .convolution2D(filters: 32, kernel: 3), .maxPool2D, .flatten, .dense(units: 10, activation: .softmax),
///     ])
/// ```
public struct ModelConfiguration: Sendable, Equatable {
    /// Height, width and channels of one sample.
    public var inputShape: ImageShape
    public var layers: [LayerConfiguration]

    public init(inputShape: ImageShape, layers: [LayerConfiguration]) {
        self.inputShape = inputShape
        self.layers = layers
    }
}

/// One layer of a sequential model, of any kind. The file of each kind adds a function that makes it.
///
/// ```swift
/// let layers: [LayerConfiguration] = [
///     .convolution2D(filters: 16, kernel: 3, padding: .same, activation: .linear), .batchNormalization(),
///     .activation(.relu), .globalAveragePool2D, .dropout(rate: 0.25), .dense(units: 10, activation: .softmax),
/// ]
/// ```
public struct LayerConfiguration: Sendable, Equatable {
    package var layer: any Layer

    package init(_ layer: any Layer) {
        self.layer = layer
    }

    public static func == (left: Self, right: Self) -> Bool { left.layer.isEqual(to: right.layer) }
}
