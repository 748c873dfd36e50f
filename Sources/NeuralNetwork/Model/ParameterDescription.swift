/// One tensor of a model: where it lies in the arena, its name, and its layouts inside and in torch.
package struct ParameterDescription: Sendable, Equatable {
    /// Torch style: `conv1.weight`, `conv1.bias`, `bn1.running_mean`, `fc1.weight`, …
    package var name: String
    /// The first float in the arena, a multiple of 16.
    package var arenaOffset: Int
    /// Floats of the tensor.
    package var count: Int
    /// Convolution weights `[kernelHeight, kernelWidth, inputChannels, outputChannels]`, dense weights `[inputs,
    /// outputs]`, all others `[outputs]`; row-major.
    package var internalShape: [Int]
    /// Convolution weights `[outputChannels, inputChannels, kernelHeight, kernelWidth]`, dense weights `[outputs,
    /// inputs]`.
    package var torchShape: [Int]
    /// What a step does with the tensor.
    package var role: Role
    /// The layer's index in the model.
    package var layerIndex: Int
    /// What decides how the two layouts map to each other.
    var layout: Layout
    /// Penalties on the tensor.
    var regularization: Regularization

    package enum Role: Sendable, Equatable {
        /// The optimizer changes it.
        case trainable
        /// A frozen layer's: nothing changes it.
        case frozen
        /// A running mean of what stands at its place in the gradient: momentum·running + (1 − momentum)·mean.
        case runningMean(momentum: Float)
    }

    enum Layout: Sendable, Equatable {
        /// A vector that starts at `start`. `image` is set behind Flatten, where the vector has one value for each
        /// element of an image: (height, width, channel) inside and (channel, height, width) in torch.
        case vector(start: Float, image: ImageShape?)
        case convolutionWeight
        /// `image` is set for the first dense layer after Flatten: its rows stand for (height, width, channel) inside
        /// and for (channel, height, width) in torch.
        case denseWeight(image: ImageShape?)

        var isVector: Bool {
            switch self {
            case .vector: true
            case .convolutionWeight, .denseWeight: false
            }
        }
    }

    /// The tensor's floats in the arena.
    package var arenaRange: Range<Int> { arenaOffset..<arenaOffset + count }

    /// Whether the optimizer keeps slots for it.
    package var hasSlots: Bool { role == .trainable }
}
