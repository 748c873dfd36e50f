/// The shape of a valid (unpadded), stride-1 convolution. "Same" padding is done before, into a padded copy.
@frozen
public struct ConvolutionShape: Sendable, Equatable {
    /// Height and width of the (already padded) input.
    public var inputHeight: Int
    public var inputWidth: Int
    public var inputChannels: Int
    public var kernelHeight: Int
    public var kernelWidth: Int
    public var outputChannels: Int

    @inlinable public var outputHeight: Int { inputHeight - kernelHeight + 1 }
    @inlinable public var outputWidth: Int { inputWidth - kernelWidth + 1 }
    @inlinable public var inputCount: Int { inputHeight * inputWidth * inputChannels }
    @inlinable public var outputCount: Int { outputHeight * outputWidth * outputChannels }
    /// Rows of the weights seen as a matrix `[kernelHeight · kernelWidth · inputChannels, outputChannels]`.
    @inlinable public var weightRowCount: Int { kernelHeight * kernelWidth * inputChannels }
    /// Height and width after a 2×2 max-pooling with stride 2 (an odd last row or column is dropped).
    @inlinable public var pooledHeight: Int { outputHeight / 2 }
    @inlinable public var pooledWidth: Int { outputWidth / 2 }
    @inlinable public var pooledCount: Int { pooledHeight * pooledWidth * outputChannels }

    @inlinable
    public init(
        inputHeight: Int, inputWidth: Int, inputChannels: Int,
        kernelHeight: Int, kernelWidth: Int, outputChannels: Int
    ) {
        self.inputHeight = inputHeight
        self.inputWidth = inputWidth
        self.inputChannels = inputChannels
        self.kernelHeight = kernelHeight
        self.kernelWidth = kernelWidth
        self.outputChannels = outputChannels
    }
}

/// `output[s, y, x, co] = bias[co] + Σ_(ky, kx, ci) input[s, y+ky, x+kx, ci] · weights[ky, kx, ci, co]`,
/// the sum in the order (ky, kx, ci) ascending, then ReLU if asked. NHWC, packed. Lanes run over output channels.
///
/// With pooling (`convolutionForwardPooled`), `output` is `[s, pooledHeight, pooledWidth, co]`, the first maximum of
/// each 2×2 window in row order, and `windowIndex` (same shape, one byte) is its position in the window (0…3,
/// row-major), or `noWindowPlace` where ReLU is applied and the maximum is not > 0.
@frozen
public struct ConvolutionForwardArguments {
    public var shape: ConvolutionShape
    public var sampleCount: Int
    public var input: UnsafePointer<Float>
    public var weights: UnsafePointer<Float>
    /// `[outputChannels]`, or nil to start from +0.
    public var bias: UnsafePointer<Float>?
    public var output: UnsafeMutablePointer<Float>
    public var windowIndex: UnsafeMutablePointer<UInt8>?
    public var appliesReLU: Bool

    @inlinable
    public init(
        shape: ConvolutionShape, sampleCount: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
        bias: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>,
        windowIndex: UnsafeMutablePointer<UInt8>? = nil, appliesReLU: Bool
    ) {
        self.shape = shape
        self.sampleCount = sampleCount
        self.input = input
        self.weights = weights
        self.bias = bias
        self.output = output
        self.windowIndex = windowIndex
        self.appliesReLU = appliesReLU
    }
}

/// The window index of a pooled position through which no gradient flows back, because ReLU made its output 0.
@inlinable
public var noWindowPlace: UInt8 { 4 }

/// The weight gradient of a convolution over micro-batches:
/// `gradient[root][(ky, kx, ci), co] = Σ_samples Σ_(y, x) input[s, y+ky, x+kx, ci] · outputGradient[s, y, x, co]`,
/// for a sample over (y, x) in row order, then over samples in the order of `program`.
///
/// In the pooled form (`convolutionWeightGradientPooled`), `outputGradient` is `[s, pooledHeight, pooledWidth, co]`;
/// the sum runs over the pooled positions in row order, each contributing the one input window that `windowIndex`
/// names, or nothing for `noWindowPlace` (the mask of ReLU). The bias gradient is then computed too, over the same
/// positions, into `biasGradient`. Only weight rows `rowBegin ..< rowEnd` are computed (the bias with row 0, and in the
/// pooled form alone where the range is empty).
@frozen
public struct ConvolutionWeightGradientArguments {
    public var shape: ConvolutionShape
    public var rowBegin: Int
    public var rowEnd: Int
    public var input: UnsafePointer<Float>
    public var outputGradient: UnsafePointer<Float>
    public var windowIndex: UnsafePointer<UInt8>?
    public var program: SummationProgram
    public var gradient: UnsafeMutablePointer<Float>
    public var biasGradient: UnsafeMutablePointer<Float>?
    public var rootStride: Int

    @inlinable
    public init(
        shape: ConvolutionShape, rowBegin: Int, rowEnd: Int, input: UnsafePointer<Float>,
        outputGradient: UnsafePointer<Float>, windowIndex: UnsafePointer<UInt8>? = nil,
        program: SummationProgram,
        gradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>? = nil, rootStride: Int
    ) {
        self.shape = shape
        self.rowBegin = rowBegin
        self.rowEnd = rowEnd
        self.input = input
        self.outputGradient = outputGradient
        self.windowIndex = windowIndex
        self.program = program
        self.gradient = gradient
        self.biasGradient = biasGradient
        self.rootStride = rootStride
    }
}

/// 2×2 max-pooling with stride 2, valid; NHWC, packed.
@frozen
public struct MaxPoolArguments {
    public var sampleCount: Int
    public var inputHeight: Int
    public var inputWidth: Int
    public var channels: Int
    /// Forward: the input. Backward: unused.
    public var input: UnsafePointer<Float>?
    /// Forward: written, `[s, inputHeight / 2, inputWidth / 2, channels]`. Backward: unused.
    public var output: UnsafeMutablePointer<Float>?
    /// `[s, inputHeight / 2, inputWidth / 2, channels]`: which of the four positions held the first maximum. Backward:
    /// or `noWindowPlace`, where the gradient is dropped.
    public var windowIndex: UnsafeMutablePointer<UInt8>
    /// Backward: the gradient of the output.
    public var outputGradient: UnsafePointer<Float>?
    /// Backward: written everywhere, +0 where nothing flows.
    public var inputGradient: UnsafeMutablePointer<Float>?

    @inlinable
    public init(
        sampleCount: Int, inputHeight: Int, inputWidth: Int, channels: Int,
        input: UnsafePointer<Float>? = nil, output: UnsafeMutablePointer<Float>? = nil,
        windowIndex: UnsafeMutablePointer<UInt8>, outputGradient: UnsafePointer<Float>? = nil,
        inputGradient: UnsafeMutablePointer<Float>? = nil
    ) {
        self.sampleCount = sampleCount
        self.inputHeight = inputHeight
        self.inputWidth = inputWidth
        self.channels = channels
        self.input = input
        self.output = output
        self.windowIndex = windowIndex
        self.outputGradient = outputGradient
        self.inputGradient = inputGradient
    }
}
