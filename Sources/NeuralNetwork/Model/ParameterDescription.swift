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
    var initialization: ParameterInitialization
    /// How the two layouts map to each other.
    var torchLayout: TorchLayout
    /// Penalties on the tensor.
    var regularization: Regularization
    /// The gradient can be computed and sent in parts of a multiple of this many floats; nil where it is whole.
    var gradientGranule: Int?

    package enum Role: Sendable, Equatable {
        /// The optimizer changes it.
        case trainable
        /// A frozen layer's: nothing changes it.
        case frozen
        /// A running mean of what is at its place in the gradient: momentum·running + (1 − momentum)·mean.
        case runningMean(momentum: Float)
    }

    /// The part of the name that all tensors of a layer share.
    package var layerName: String {
        name.utf8.lastIndex(of: UInt8(ascii: ".")).map { String(name[..<$0]) } ?? name
    }

    /// The tensor's floats in the arena.
    package var arenaRange: Range<Int> { arenaOffset..<arenaOffset + count }

    /// Whether the optimizer keeps slots for it.
    package var hasSlots: Bool { role == .trainable }

    /// Writes the tensor in torch's layout. Both pointers are to `count` floats and do not overlap.
    package func toTorch(_ internalValues: UnsafePointer<Float>, _ torchValues: UnsafeMutablePointer<Float>) {
        torchLayout.forEachPair { internalIndex, torchIndex in torchValues[torchIndex] = internalValues[internalIndex] }
    }

    /// Reads the tensor from torch's layout. Both pointers are to `count` floats and do not overlap.
    package func fromTorch(_ torchValues: UnsafePointer<Float>, _ internalValues: UnsafeMutablePointer<Float>) {
        torchLayout.forEachPair { internalIndex, torchIndex in internalValues[internalIndex] = torchValues[torchIndex] }
    }
}

/// A tensor as its layer declares it, before it has a place and a full name.
package struct ParameterDeclaration: Sendable {
    /// What follows the layer's name and a dot: `weight`.
    let suffix: String
    let internalShape: [Int]
    let torchShape: [Int]
    let torchLayout: TorchLayout
    let initialization: ParameterInitialization
    let role: ParameterDescription.Role
    let regularization: Regularization
    /// The gradient can be computed and sent in parts of a multiple of this many floats; nil where it is whole.
    let gradientGranule: Int?

    /// A tensor with two layouts. Precondition: both shapes have the elements of the layout.
    init(
        _ suffix: String, internalShape: [Int], torchShape: [Int], torchLayout: TorchLayout,
        initialization: ParameterInitialization, role: ParameterDescription.Role,
        regularization: Regularization = .none, gradientGranule: Int? = nil
    ) {
        self.suffix = suffix
        self.internalShape = internalShape
        self.torchShape = torchShape
        self.torchLayout = torchLayout
        self.initialization = initialization
        self.role = role
        self.regularization = regularization
        self.gradientGranule = gradientGranule
    }

    /// A vector with one value for each channel of a tensor of `shape`, all equal at the start. Behind Flatten each
    /// element of the image is a channel, and torch has them in the order (channel, height, width).
    init(
        _ suffix: String, forChannelsOf shape: TensorShape, start: Float, role: ParameterDescription.Role
    ) {
        let count = shape.channelCount
        self.init(
            suffix, internalShape: [count], torchShape: [count], torchLayout: .channels(of: shape),
            initialization: .constant(start), role: role)
    }
}

/// The values of a tensor at the start of training.
enum ParameterInitialization: Sendable, Equatable {
    case constant(Float)
    /// Glorot & Bengio 2010, equation 16: w = (2u − 1)·√(6 / (fanIn + fanOut)), u uniform in [0, 1). `fanSum` is fanIn
    /// + fanOut as Keras counts them.
    case glorotUniform(fanSum: Int)
}

/// How a tensor's row-major layout inside maps to torch's: the same axes in another order.
struct TorchLayout: Sendable, Equatable {
    /// The extents inside.
    let extents: [Int]
    /// Torch's axis k is axis `order[k]` inside.
    let order: [Int]

    static func same(count: Int) -> TorchLayout { TorchLayout(extents: [count], order: [0]) }

    /// One value for each channel of a tensor of `shape`.
    static func channels(of shape: TensorShape) -> TorchLayout {
        guard let image = shape.flattenedImage else { return same(count: shape.channelCount) }
        return TorchLayout(extents: [image.height, image.width, image.channels], order: [2, 0, 1])
    }

    /// Calls `body` with the index inside, ascending, and the index in torch of every element.
    @inline(__always)
    func forEachPair(_ body: (_ internalIndex: Int, _ torchIndex: Int) -> Void) {
        var strides = [Int](repeating: 0, count: extents.count)
        var stride = 1
        for axis in order.reversed() {
            strides[axis] = stride
            stride *= extents[axis]
        }
        guard stride > 0, let rowCount = extents.last, let rowStride = strides.last else { return }
        var position = [Int](repeating: 0, count: extents.count)
        var rowStart = 0
        for row in 0..<stride / rowCount {
            for index in 0..<rowCount { body(row * rowCount + index, rowStart + index * rowStride) }
            var axis = extents.count - 2
            while axis >= 0 {
                position[axis] += 1
                rowStart += strides[axis]
                if position[axis] < extents[axis] { break }
                rowStart -= extents[axis] * strides[axis]
                position[axis] = 0
                axis -= 1
            }
        }
    }
}
