/// A 3×3 convolution with stride 1 as Winograd's algorithm computes it: the padding is part of the shape, no padded
/// copy is made.
@frozen
public struct WinogradShape: Sendable, Equatable {
    /// Height and width of the image without padding.
    public var inputHeight: Int
    public var inputWidth: Int
    public var inputChannels: Int
    /// Rows and columns of zeros before the image.
    public var paddingTop: Int
    public var paddingLeft: Int
    /// Height and width of the convolution's output, before pooling.
    public var outputHeight: Int
    public var outputWidth: Int
    public var outputChannels: Int
    /// Whether a 2×2 max-pooling with stride 2 follows; an odd last row or column is then not computed.
    public var isPooled: Bool

    @inlinable
    public init(
        inputHeight: Int, inputWidth: Int, inputChannels: Int, paddingTop: Int, paddingLeft: Int,
        outputHeight: Int, outputWidth: Int, outputChannels: Int, isPooled: Bool
    ) {
        self.inputHeight = inputHeight
        self.inputWidth = inputWidth
        self.inputChannels = inputChannels
        self.paddingTop = paddingTop
        self.paddingLeft = paddingLeft
        self.outputHeight = outputHeight
        self.outputWidth = outputWidth
        self.outputChannels = outputChannels
        self.isPooled = isPooled
    }

    /// Most input and output channels together: a register tile's rows of transformed tiles then fit the scratch
    /// memory.
    public static var channelLimit: Int { 2048 }

    @inlinable public var inputCount: Int { inputHeight * inputWidth * inputChannels }
    @inlinable public var pooledHeight: Int { outputHeight / 2 }
    @inlinable public var pooledWidth: Int { outputWidth / 2 }
    /// Floats of one sample's stored output.
    @inlinable
    public var storedOutputCount: Int {
        (isPooled ? pooledHeight * pooledWidth : outputHeight * outputWidth) * outputChannels
    }
    /// Rows and columns of the output that are computed.
    @inlinable public var computedHeight: Int { isPooled ? 2 * pooledHeight : outputHeight }
    @inlinable public var computedWidth: Int { isPooled ? 2 * pooledWidth : outputWidth }

    /// The regions of the output, in the order in which they are computed; see `WinogradRegion`.
    public var regionCount: Int { rows.segmentCount * columns.segmentCount }

    /// Region `index`: the upper left one, then to its right, below, and below to its right, as far as they exist.
    public func region(_ index: Int) -> WinogradRegion {
        let row = rows.segment(index / columns.segmentCount)
        let column = columns.segment(index % columns.segmentCount)
        return WinogradRegion(rows: row, columns: column)
    }

    private var rows: WinogradAxis { WinogradAxis(outputCount: computedHeight, mixesTiles: mixesTiles) }
    private var columns: WinogradAxis { WinogradAxis(outputCount: computedWidth, mixesTiles: mixesTiles) }
    /// Whether tiles of 4 and of 2 outputs may be mixed: they need up to 100 transformed weights for each pair of
    /// channels instead of 36, which must stay in a third-level cache to be read faster than they are used.
    private var mixesTiles: Bool { inputChannels * outputChannels <= 128 * 128 }

    /// Products of one input and one output channel for one sample: Σ over tiles of their points.
    public var pointCount: Int {
        (0..<regionCount).reduce(0) { $0 + region($1).tileCount * region($1).pointCount }
    }

    /// Floats of the transformed weights of all regions, for `transposed` those of the input gradient.
    public func transformedWeightCount(isTransposed: Bool) -> Int {
        (0..<regionCount).reduce(0) {
            $0 + region($1).pointCount * transformedMatrixCount(isTransposed: isTransposed)
        }
    }

    /// Floats of the transformed weights of one point: `[inner, columns]`, the columns rounded up to the widest vector.
    public func transformedMatrixCount(isTransposed: Bool) -> Int {
        let lines =
            isTransposed ? outputChannels * ((inputChannels + 15) / 16) : inputChannels * ((outputChannels + 15) / 16)
        return (lines | 1) * 16
    }
}

/// How one axis of an output is cut: into tiles of 4 outputs from the image's edge, and one of 2 where only 1 or 2 are
/// left.
private struct WinogradAxis {
    /// Tiles of 4 outputs; the last may hold fewer.
    private let wideTileCount: Int
    private let hasNarrowTile: Bool

    /// Without mixing, an axis of more than 2 outputs has tiles of 4 only.
    init(outputCount: Int, mixesTiles: Bool) {
        wideTileCount = mixesTiles || outputCount <= 2 ? (outputCount + 1) / 4 : (outputCount + 3) / 4
        hasNarrowTile = outputCount > 4 * wideTileCount
    }

    /// 1 or 2: the tiles of 4 outputs, and the tile of 2.
    var segmentCount: Int { (wideTileCount > 0 ? 1 : 0) + (hasNarrowTile ? 1 : 0) }

    func segment(_ index: Int) -> WinogradSegment {
        index == 0 && wideTileCount > 0
            ? WinogradSegment(first: 0, tileCount: wideTileCount, tileOutputs: 4)
            : WinogradSegment(first: 4 * wideTileCount, tileCount: 1, tileOutputs: 2)
    }
}

/// Tiles of one size along an axis.
@frozen
public struct WinogradSegment: Sendable, Equatable {
    /// The first output.
    public var first: Int
    public var tileCount: Int
    /// Outputs of a tile: 4 or 2.
    public var tileOutputs: Int
    /// Inputs of a tile, and points at which its polynomials are multiplied.
    @inlinable public var points: Int { tileOutputs + 2 }

    @inlinable
    public init(first: Int, tileCount: Int, tileOutputs: Int) {
        self.first = first
        self.tileCount = tileCount
        self.tileOutputs = tileOutputs
    }
}

/// A rectangle of an output that is cut into tiles of one size: F(4×4, 3×3), and at the lower and right edge F(4×2),
/// F(2×4) and F(2×2) where they waste less.
@frozen
public struct WinogradRegion: Sendable, Equatable {
    public var rows: WinogradSegment
    public var columns: WinogradSegment

    @inlinable
    public init(rows: WinogradSegment, columns: WinogradSegment) {
        self.rows = rows
        self.columns = columns
    }

    /// Tiles of one sample.
    @inlinable public var tileCount: Int { rows.tileCount * columns.tileCount }
    /// Points of one tile.
    @inlinable public var pointCount: Int { rows.points * columns.points }
}

/// The weights of a convolution at the points of each region: `U = G·g·Gᵀ`, in panels as the register tiles read them.
///
/// The layout depends on the instruction set. `isTransposed` gives what the input gradient needs, from `weights` that
/// `flipConvolutionWeights` turned: `[2 - ky, 2 - kx, co, ci]`.
@frozen
public struct WinogradWeightArguments {
    public var shape: WinogradShape
    public var weights: UnsafePointer<Float>
    public var isTransposed: Bool
    /// `shape.transformedWeightCount(isTransposed:)` floats.
    public var transformed: UnsafeMutablePointer<Float>

    @inlinable
    public init(
        shape: WinogradShape, weights: UnsafePointer<Float>, isTransposed: Bool,
        transformed: UnsafeMutablePointer<Float>
    ) {
        self.shape = shape
        self.weights = weights
        self.isTransposed = isTransposed
        self.transformed = transformed
    }
}

/// The convolution of `ConvolutionForwardArguments` by Winograd's algorithm: `Y = Aᵀ·[Σ_ci U ⊙ (Bᵀ·d·B)]·A` for each
/// tile, the sum over input channels ascending from +0; then the bias, then the maximum of each window, then ReLU.
@frozen
public struct WinogradForwardArguments {
    public var shape: WinogradShape
    public var sampleCount: Int
    /// `[s, inputHeight, inputWidth, ci]`, without padding.
    public var input: UnsafePointer<Float>
    public var transformedWeights: UnsafePointer<Float>
    /// `[outputChannels]`, or nil for +0.
    public var bias: UnsafePointer<Float>?
    /// `[s, outputHeight, outputWidth, co]`, or pooled.
    public var output: UnsafeMutablePointer<Float>
    /// With pooling, as in `ConvolutionForwardArguments`.
    public var windowIndex: UnsafeMutablePointer<UInt8>?
    public var appliesReLU: Bool

    @inlinable
    public init(
        shape: WinogradShape, sampleCount: Int, input: UnsafePointer<Float>,
        transformedWeights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        output: UnsafeMutablePointer<Float>, windowIndex: UnsafeMutablePointer<UInt8>? = nil, appliesReLU: Bool
    ) {
        self.shape = shape
        self.sampleCount = sampleCount
        self.input = input
        self.transformedWeights = transformedWeights
        self.bias = bias
        self.output = output
        self.windowIndex = windowIndex
        self.appliesReLU = appliesReLU
    }
}

/// The gradient of a Winograd convolution's stored output.
@frozen
public struct WinogradOutputGradient {
    /// `[s, outputHeight, outputWidth, co]`, or pooled.
    public var values: UnsafePointer<Float>
    /// With pooling: the place of each window's maximum, or `noWindowPlace`.
    public var windowIndex: UnsafePointer<UInt8>?

    @inlinable
    public init(values: UnsafePointer<Float>, windowIndex: UnsafePointer<UInt8>? = nil) {
        self.values = values
        self.windowIndex = windowIndex
    }
}

/// The input gradient, by the adjoint of the forward algorithm: each tile of the output gradient gives
/// `B·[Σ_co Uᵀ ⊙ (A·dy·Aᵀ)]·Bᵀ`, the sum over output channels ascending from +0. The tiles overlap; each element adds
/// those of the tiles that cover it, region after region, (y, x) ascending in a region, from +0.
@frozen
public struct WinogradInputGradientArguments {
    public var shape: WinogradShape
    public var sampleCount: Int
    public var outputGradient: WinogradOutputGradient
    /// The transposed transformed weights.
    public var transformedWeights: UnsafePointer<Float>
    /// `[s, inputHeight, inputWidth, ci]`, overwritten.
    public var inputGradient: UnsafeMutablePointer<Float>

    @inlinable
    public init(
        shape: WinogradShape, sampleCount: Int, outputGradient: WinogradOutputGradient,
        transformedWeights: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>
    ) {
        self.shape = shape
        self.sampleCount = sampleCount
        self.outputGradient = outputGradient
        self.transformedWeights = transformedWeights
        self.inputGradient = inputGradient
    }
}

/// The weight gradient over micro-batches, by the adjoint of the forward algorithm.
///
/// For each micro-batch and region, `(Bᵀ·d·B) ⊙ (A·dy·Aᵀ)` is summed at each point from +0 over samples and their tiles
/// (y, x) ascending; `Gᵀ·[…]·G` of these sums is the region's gradient. The regions' gradients are added from +0 in
/// their order, which gives the sum of the micro-batch, and `program` adds the micro-batches. Only input channels
/// `channelBegin ..< channelEnd` are computed.
@frozen
public struct WinogradWeightGradientArguments {
    public var shape: WinogradShape
    public var channelBegin: Int
    public var channelEnd: Int
    public var input: UnsafePointer<Float>
    public var outputGradient: WinogradOutputGradient
    public var program: SummationProgram
    /// Root r: `[3, 3, ci, co]` at `gradient + r · rootStride`.
    public var gradient: UnsafeMutablePointer<Float>
    public var rootStride: Int

    @inlinable
    public init(
        shape: WinogradShape, channelBegin: Int, channelEnd: Int, input: UnsafePointer<Float>,
        outputGradient: WinogradOutputGradient, program: SummationProgram, gradient: UnsafeMutablePointer<Float>,
        rootStride: Int
    ) {
        self.shape = shape
        self.channelBegin = channelBegin
        self.channelEnd = channelEnd
        self.input = input
        self.outputGradient = outputGradient
        self.program = program
        self.gradient = gradient
        self.rootStride = rootStride
    }
}
