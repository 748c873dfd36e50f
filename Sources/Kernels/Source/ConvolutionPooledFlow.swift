internal import KernelInterface

/// Where one vector of channels of a pooled gradient comes from.
struct PooledSource {
    let shape: ConvolutionShape
    let input: UnsafePointer<Float>
    /// At the vector's first channel of the first position, like the two below.
    let outputGradient: UnsafePointer<Float>
    let windowIndex: UnsafePointer<UInt8>
    let pooledOutput: UnsafePointer<Float>?
    /// Channels in the vector.
    let channelCount: Int

    @inline(always)
    init(
        _ arguments: ConvolutionWeightGradientArguments, _ windowIndex: UnsafePointer<UInt8>, channel: Int, count: Int
    ) {
        shape = arguments.shape
        input = arguments.input
        outputGradient = arguments.outputGradient + channel
        self.windowIndex = windowIndex + channel
        pooledOutput = optionalOffset(arguments.pooledOutput, channel)
        channelCount = count
    }
}

/// What flows back through one vector of channels of a pooled position.
struct PooledFlow {
    /// +0 where ReLU stops it and beyond the last channel.
    let gradient: Vector
    /// The place of each lane's maximum.
    let index: VectorBits

    /// `offset` is the offset of the first channel of the position.
    @inline(always)
    init(_ source: PooledSource, _ offset: Int, isWhole: Bool) {
        var value: Vector
        if isWhole {
            value = loadVector(source.outputGradient + offset)
            index = loadBytes(source.windowIndex + offset)
        } else {
            value = loadVector(source.outputGradient + offset, count: source.channelCount)
            index = loadBytes(source.windowIndex + offset, count: source.channelCount)
        }
        if let pooledOutput = source.pooledOutput {
            let output =
                isWhole
                ? loadVector(pooledOutput + offset) : loadVector(pooledOutput + offset, count: source.channelCount)
            value = Vector.zero.replacing(with: value, where: output .> Vector.zero)
        }
        gradient = value
    }

    /// The gradient of the lanes whose maximum was at `place`, +0 in the others.
    @inline(always)
    func gradient(at place: UInt32) -> Vector {
        Vector.zero.replacing(with: gradient, where: index .== VectorBits(repeating: place))
    }

    /// Lanes whose maximum was in the right column of the window.
    @inline(always)
    var isRight: VectorMask { (index & VectorBits(repeating: 1)) .!= VectorBits.zero }

    /// Lanes whose maximum was in the lower row of the window.
    @inline(always)
    var isLower: VectorMask { (index & VectorBits(repeating: 2)) .!= VectorBits.zero }

    /// Each lane's choice of two values by the row of its maximum.
    @inline(always)
    func selectedRow(_ upper: Float, _ lower: Float) -> Vector {
        broadcast(upper).replacing(with: broadcast(lower), where: isLower)
    }

    /// Each lane's choice of two values by the column of its maximum.
    @inline(always)
    func selectedColumn(_ left: Vector, _ right: Vector) -> Vector {
        left.replacing(with: right, where: isRight)
    }
}
