/// One tensor of a model: where it lies in the arena, its name, and its layouts inside and in torch.
public struct ParameterDescription: Sendable, Equatable {
    /// Torch style: `conv1.weight`, `conv1.bias`, `fc1.weight`, …
    public var name: String
    /// The first float in the arena, a multiple of 16.
    public var arenaOffset: Int
    /// Floats of the tensor.
    public var count: Int
    /// Convolution weights `[kernelHeight, kernelWidth, inputChannels, outputChannels]`, dense weights `[inputs,
    /// outputs]`, biases `[outputs]`; row-major.
    public var internalShape: [Int]
    /// Convolution weights `[outputChannels, inputChannels, kernelHeight, kernelWidth]`, dense weights `[outputs,
    /// inputs]`.
    public var torchShape: [Int]
    /// What decides how the two layouts map to each other.
    var layout: Layout

    enum Layout: Sendable, Equatable {
        case bias
        case convolutionWeight
        /// `image` is set for the first dense layer after Flatten: its rows stand for (height, width, channel) inside
        /// and for (channel, height, width) in torch.
        case denseWeight(image: ImageShape?)
    }

    /// The tensor's floats in the arena.
    public var arenaRange: Range<Int> { arenaOffset..<arenaOffset + count }
}
