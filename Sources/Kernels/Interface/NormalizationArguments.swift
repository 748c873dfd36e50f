/// Normalisation of channels: `output[p, c] = fma(input[p, c] − mean[c], scale[c], shift[c])`.
///
/// In batch normalisation `scale` is γ / √(variance + ε) and `shift` is β. Matrices are `[positionCount,
/// channelCount]`, packed; a position is one (sample, y, x).
@frozen
public struct NormalizationArguments {
    public var positionCount: Int
    public var channelCount: Int
    public var input: UnsafePointer<Float>
    /// `[channelCount]`, as `scale` and `shift`.
    public var mean: UnsafePointer<Float>
    public var scale: UnsafePointer<Float>
    public var shift: UnsafePointer<Float>
    /// May be `input`.
    public var output: UnsafeMutablePointer<Float>

    @inlinable
    public init(
        positionCount: Int, channelCount: Int, input: UnsafePointer<Float>, mean: UnsafePointer<Float>,
        scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
    ) {
        self.positionCount = positionCount
        self.channelCount = channelCount
        self.input = input
        self.mean = mean
        self.scale = scale
        self.shift = shift
        self.output = output
    }
}

/// The input gradient of batch normalisation, with x̂ = (x − mean[c]) · inverseDeviation[c]:
/// `inputGradient[p, c] = factor[c] · fma(−x̂, productMean[c], outputGradient[p, c] − gradientMean[c])`.
///
/// `factor` is γ · inverseDeviation, `gradientMean` the mean of the output gradient over the positions that were
/// normalised together and `productMean` that of outputGradient · x̂ (Ioffe & Szegedy 2015, section 3, with the terms
/// collected).
@frozen
public struct NormalizationInputGradientArguments {
    public var positionCount: Int
    public var channelCount: Int
    /// The layer's input x, `[positionCount, channelCount]`.
    public var input: UnsafePointer<Float>
    /// `[channelCount]`, as the next four.
    public var mean: UnsafePointer<Float>
    public var inverseDeviation: UnsafePointer<Float>
    public var factor: UnsafePointer<Float>
    public var gradientMean: UnsafePointer<Float>
    public var productMean: UnsafePointer<Float>
    public var outputGradient: UnsafePointer<Float>
    /// May be `outputGradient`.
    public var inputGradient: UnsafeMutablePointer<Float>

    @inlinable
    public init(
        positionCount: Int, channelCount: Int, input: UnsafePointer<Float>, mean: UnsafePointer<Float>,
        inverseDeviation: UnsafePointer<Float>, factor: UnsafePointer<Float>, gradientMean: UnsafePointer<Float>,
        productMean: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
        inputGradient: UnsafeMutablePointer<Float>
    ) {
        self.positionCount = positionCount
        self.channelCount = channelCount
        self.input = input
        self.mean = mean
        self.inverseDeviation = inverseDeviation
        self.factor = factor
        self.gradientMean = gradientMean
        self.productMean = productMean
        self.outputGradient = outputGradient
        self.inputGradient = inputGradient
    }
}

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

/// The gradients of a normalisation's shift and scale, in the order of `columnSums`, with x̂ = (x − mean[c]) ·
/// inverseDeviation[c]: `shiftGradient[root][c] = Σ outputGradient[s, p, c]` and `scaleGradient[root][c] = Σ
/// outputGradient[s, p, c] · x̂`, one fused multiply-add a term.
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
