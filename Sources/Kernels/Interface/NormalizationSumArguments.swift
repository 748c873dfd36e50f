/// `sums[root][c] = Σ (input[s, p, c] − mean[c])²`, one fused multiply-add a term, positions ascending within a sample,
/// samples in the order of `program`, as in `columnSums`.
///
/// Only channels `channelBegin ..< channelEnd` are computed, so that threads can share one sum.
@frozen
public struct SquaredDeviationArguments {
    public var channelBegin: Int
    public var channelEnd: Int
    public var channelCount: Int
    /// Positions in a sample: height · width, or 1 after a dense layer.
    public var positionCount: Int
    /// `[samples, positionCount, channelCount]`, packed.
    public var input: UnsafePointer<Float>
    public var mean: UnsafePointer<Float>
    public var program: SummationProgram
    public var sums: UnsafeMutablePointer<Float>
    public var rootStride: Int

    @inlinable
    public init(
        channelBegin: Int, channelEnd: Int, channelCount: Int, positionCount: Int, input: UnsafePointer<Float>,
        mean: UnsafePointer<Float>, program: SummationProgram, sums: UnsafeMutablePointer<Float>, rootStride: Int
    ) {
        self.channelBegin = channelBegin
        self.channelEnd = channelEnd
        self.channelCount = channelCount
        self.positionCount = positionCount
        self.input = input
        self.mean = mean
        self.program = program
        self.sums = sums
        self.rootStride = rootStride
    }
}

/// The gradients of a normalisation's shift and scale, in the order of `columnSums`, with x̂ = (x − mean[c]) · inverseDeviation[c]:
/// `shiftGradient[root][c] = Σ outputGradient[s, p, c]` and `scaleGradient[root][c] = Σ outputGradient[s, p, c] · x̂`, one fused
/// multiply-add a term.
///
/// Only channels `channelBegin ..< channelEnd` are computed, so that threads can share one sum.
@frozen
public struct NormalizationGradientSumArguments {
    public var channelBegin: Int
    public var channelEnd: Int
    public var channelCount: Int
    /// Positions in a sample: height · width, or 1 after a dense layer.
    public var positionCount: Int
    /// The layer's input x, `[samples, positionCount, channelCount]`, packed.
    public var input: UnsafePointer<Float>
    public var mean: UnsafePointer<Float>
    public var inverseDeviation: UnsafePointer<Float>
    public var outputGradient: UnsafePointer<Float>
    public var program: SummationProgram
    public var shiftGradient: UnsafeMutablePointer<Float>
    public var scaleGradient: UnsafeMutablePointer<Float>
    public var rootStride: Int

    @inlinable
    public init(
        channelBegin: Int, channelEnd: Int, channelCount: Int, positionCount: Int, input: UnsafePointer<Float>,
        mean: UnsafePointer<Float>, inverseDeviation: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
        program: SummationProgram, shiftGradient: UnsafeMutablePointer<Float>,
        scaleGradient: UnsafeMutablePointer<Float>, rootStride: Int
    ) {
        self.channelBegin = channelBegin
        self.channelEnd = channelEnd
        self.channelCount = channelCount
        self.positionCount = positionCount
        self.input = input
        self.mean = mean
        self.inverseDeviation = inverseDeviation
        self.outputGradient = outputGradient
        self.program = program
        self.shiftGradient = shiftGradient
        self.scaleGradient = scaleGradient
        self.rootStride = rootStride
    }
}
