/// The arithmetic of one instruction set as a table of functions, chosen once at start.
///
/// Every table gives the same bits for the same arguments. `scratch` is memory of at least `scratchByteCount` bytes,
/// 64-byte aligned, that the calling thread alone uses during the call. Nothing is allocated. Pointers must be valid
/// for the extents that the arguments state; results may not overlap inputs unless a function's documentation allows
/// it. Argument checks are in the `Kernels` module's wrappers.
@frozen
public struct KernelTable: Sendable {
    public typealias Scratch = UnsafeMutableRawPointer

    /// `portable`, `avx2` or `avx512`.
    public var name: String
    /// Lanes of the set's widest vector.
    public var laneCount: Int

    public var matrixProduct: @Sendable (MatrixProductArguments, Scratch) -> Void
    /// As `matrixProduct`, with b given transposed: `[columnCount, innerCount]`.
    public var matrixProductTransposed: @Sendable (MatrixProductArguments, Scratch) -> Void
    public var gradientProduct: @Sendable (GradientProductArguments, Scratch) -> Void
    public var columnSums: @Sendable (ColumnSumArguments, Scratch) -> Void

    public var convolutionForward: @Sendable (ConvolutionForwardArguments, Scratch) -> Void
    public var convolutionForwardPooled: @Sendable (ConvolutionForwardArguments, Scratch) -> Void
    public var convolutionWeightGradient: @Sendable (ConvolutionWeightGradientArguments, Scratch) -> Void
    public var convolutionWeightGradientPooled: @Sendable (ConvolutionWeightGradientArguments, Scratch) -> Void
    /// `flipped[kh-1-ky, kw-1-kx, co, ci] = weights[ky, kx, ci, co]`: with it the input gradient of a convolution is
    /// `convolutionForward` over the output gradient padded by kernel − 1 on every side. Arguments: shape, weights,
    /// flipped.
    public var flipConvolutionWeights:
        @Sendable (ConvolutionShape, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    /// The weights of a 3×3 convolution at Winograd's points, for the three kernels below.
    public var transformWinogradWeights: @Sendable (WinogradWeightArguments, Scratch) -> Void
    public var winogradForward: @Sendable (WinogradForwardArguments, Scratch) -> Void
    public var winogradInputGradient: @Sendable (WinogradInputGradientArguments, Scratch) -> Void
    public var winogradWeightGradient: @Sendable (WinogradWeightGradientArguments, Scratch) -> Void

    public var maxPoolForward: @Sendable (MaxPoolArguments) -> Void
    public var maxPoolBackward: @Sendable (MaxPoolArguments) -> Void

    /// `x[i] = x[i] > 0 ? x[i] : +0`. Arguments: count, x.
    public var reluForward: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void
    /// `gradient[i] = output[i] > 0 ? gradient[i] : +0`. Arguments: count, output, gradient.
    public var reluBackward: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    /// `y[i] = e^x[i]`; y may be x. Arguments: count, x, y.
    public var exponential: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    /// `y[i] = ln x[i]`; y may be x. Arguments: count, x, y.
    public var logarithm: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    /// `y[i] = 1 / (1 + e^-x[i])`; y may be x. Arguments: count, x, y.
    public var sigmoid: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    /// `y[i] = tanh x[i]`; y may be x. Arguments: count, x, y.
    public var hyperbolicTangent: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    /// `gradient[i] = gradient[i] · (output[i] · (1 − output[i]))`, each operation rounded. Arguments: count, output,
    /// gradient.
    public var sigmoidBackward: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    /// `gradient[i] = gradient[i] · fma(−output[i], output[i], 1)`. Arguments: count, output, gradient.
    public var hyperbolicTangentBackward: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    /// `y[i] = x[i]·Φ(x[i])`, Φ being the standard normal distribution; y may be x. Arguments: count, x, y.
    public var gaussianErrorLinear: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    /// `gradient[i] = gradient[i] · (Φ(x[i]) + x[i]·φ(x[i]))`, φ being the standard normal density. Arguments: count,
    /// x, gradient.
    public var gaussianErrorLinearBackward: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    public var dropout: @Sendable (DropoutArguments) -> Void

    public var normalize: @Sendable (NormalizationArguments) -> Void
    public var squaredDeviationSums: @Sendable (SquaredDeviationArguments, Scratch) -> Void
    public var normalizationGradientSums: @Sendable (NormalizationGradientSumArguments, Scratch) -> Void
    public var normalizationInputGradient: @Sendable (NormalizationInputGradientArguments) -> Void

    /// `y[i] = Float(bytes[i]) / 255`, one IEEE division. Arguments: count, bytes, y.
    public var scaleBytes: @Sendable (Int, UnsafePointer<UInt8>, UnsafeMutablePointer<Float>) -> Void
    /// `sum[i] = left[i] + right[i]`; sum may be left or right. Arguments: count, left, right, sum.
    public var add: @Sendable (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    /// Whether all values are finite. Arguments: count, x.
    public var allFinite: @Sendable (Int, UnsafePointer<Float>) -> Bool
    /// Σ x[i]² in Double. Each product is exact; lane i mod 16 adds its terms with i ascending, from +0; the 16 lanes
    /// are summed by halves: lane l with l + 8, then l + 4, l + 2, l + 1. Arguments: count, x.
    public var sumOfSquares: @Sendable (Int, UnsafePointer<Float>) -> Double
    /// Σ |x[i]| in Double, in the order of `sumOfSquares`. Arguments: count, x.
    public var sumOfMagnitudes: @Sendable (Int, UnsafePointer<Float>) -> Double
    /// Σ g[i]² in Double, in the order of `sumOfSquares`.
    public var sumOfGradientSquares: @Sendable (GradientNormArguments) -> Double

    public var adamUpdate: @Sendable (AdamArguments) -> Void
    public var sgdUpdate: @Sendable (SGDArguments) -> Void
    public var rmspropUpdate: @Sendable (RMSpropArguments) -> Void
    public var nadamUpdate: @Sendable (NadamArguments) -> Void
    public var lionUpdate: @Sendable (LionArguments) -> Void

    @inlinable
    public init(
        name: String,
        laneCount: Int,
        matrixProduct: @escaping @Sendable (MatrixProductArguments, Scratch) -> Void,
        matrixProductTransposed: @escaping @Sendable (MatrixProductArguments, Scratch) -> Void,
        gradientProduct: @escaping @Sendable (GradientProductArguments, Scratch) -> Void,
        columnSums: @escaping @Sendable (ColumnSumArguments, Scratch) -> Void,
        convolutionForward: @escaping @Sendable (ConvolutionForwardArguments, Scratch) -> Void,
        convolutionForwardPooled: @escaping @Sendable (ConvolutionForwardArguments, Scratch) -> Void,
        convolutionWeightGradient: @escaping @Sendable (ConvolutionWeightGradientArguments, Scratch) -> Void,
        convolutionWeightGradientPooled: @escaping @Sendable (ConvolutionWeightGradientArguments, Scratch) -> Void,
        flipConvolutionWeights:
            @escaping @Sendable (ConvolutionShape, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
        transformWinogradWeights: @escaping @Sendable (WinogradWeightArguments, Scratch) -> Void,
        winogradForward: @escaping @Sendable (WinogradForwardArguments, Scratch) -> Void,
        winogradInputGradient: @escaping @Sendable (WinogradInputGradientArguments, Scratch) -> Void,
        winogradWeightGradient: @escaping @Sendable (WinogradWeightGradientArguments, Scratch) -> Void,
        maxPoolForward: @escaping @Sendable (MaxPoolArguments) -> Void,
        maxPoolBackward: @escaping @Sendable (MaxPoolArguments) -> Void,
        reluForward: @escaping @Sendable (Int, UnsafeMutablePointer<Float>) -> Void,
        reluBackward: @escaping @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
        exponential: @escaping @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
        logarithm: @escaping @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
        sigmoid: @escaping @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
        hyperbolicTangent: @escaping @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
        sigmoidBackward: @escaping @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
        hyperbolicTangentBackward: @escaping @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
        gaussianErrorLinear: @escaping @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
        gaussianErrorLinearBackward:
            @escaping @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) ->
            Void,
        dropout: @escaping @Sendable (DropoutArguments) -> Void,
        normalize: @escaping @Sendable (NormalizationArguments) -> Void,
        squaredDeviationSums: @escaping @Sendable (SquaredDeviationArguments, Scratch) -> Void,
        normalizationGradientSums: @escaping @Sendable (NormalizationGradientSumArguments, Scratch) -> Void,
        normalizationInputGradient: @escaping @Sendable (NormalizationInputGradientArguments) -> Void,
        scaleBytes: @escaping @Sendable (Int, UnsafePointer<UInt8>, UnsafeMutablePointer<Float>) -> Void,
        add:
            @escaping @Sendable (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
        allFinite: @escaping @Sendable (Int, UnsafePointer<Float>) -> Bool,
        sumOfSquares: @escaping @Sendable (Int, UnsafePointer<Float>) -> Double,
        sumOfMagnitudes: @escaping @Sendable (Int, UnsafePointer<Float>) -> Double,
        sumOfGradientSquares: @escaping @Sendable (GradientNormArguments) -> Double,
        adamUpdate: @escaping @Sendable (AdamArguments) -> Void,
        sgdUpdate: @escaping @Sendable (SGDArguments) -> Void,
        rmspropUpdate: @escaping @Sendable (RMSpropArguments) -> Void,
        nadamUpdate: @escaping @Sendable (NadamArguments) -> Void,
        lionUpdate: @escaping @Sendable (LionArguments) -> Void
    ) {
        self.name = name
        self.laneCount = laneCount
        self.matrixProduct = matrixProduct
        self.matrixProductTransposed = matrixProductTransposed
        self.gradientProduct = gradientProduct
        self.columnSums = columnSums
        self.convolutionForward = convolutionForward
        self.convolutionForwardPooled = convolutionForwardPooled
        self.convolutionWeightGradient = convolutionWeightGradient
        self.convolutionWeightGradientPooled = convolutionWeightGradientPooled
        self.flipConvolutionWeights = flipConvolutionWeights
        self.transformWinogradWeights = transformWinogradWeights
        self.winogradForward = winogradForward
        self.winogradInputGradient = winogradInputGradient
        self.winogradWeightGradient = winogradWeightGradient
        self.maxPoolForward = maxPoolForward
        self.maxPoolBackward = maxPoolBackward
        self.reluForward = reluForward
        self.reluBackward = reluBackward
        self.exponential = exponential
        self.logarithm = logarithm
        self.sigmoid = sigmoid
        self.hyperbolicTangent = hyperbolicTangent
        self.sigmoidBackward = sigmoidBackward
        self.hyperbolicTangentBackward = hyperbolicTangentBackward
        self.gaussianErrorLinear = gaussianErrorLinear
        self.gaussianErrorLinearBackward = gaussianErrorLinearBackward
        self.dropout = dropout
        self.normalize = normalize
        self.squaredDeviationSums = squaredDeviationSums
        self.normalizationGradientSums = normalizationGradientSums
        self.normalizationInputGradient = normalizationInputGradient
        self.scaleBytes = scaleBytes
        self.add = add
        self.allFinite = allFinite
        self.sumOfSquares = sumOfSquares
        self.sumOfMagnitudes = sumOfMagnitudes
        self.sumOfGradientSquares = sumOfGradientSquares
        self.adamUpdate = adamUpdate
        self.sgdUpdate = sgdUpdate
        self.rmspropUpdate = rmspropUpdate
        self.nadamUpdate = nadamUpdate
        self.lionUpdate = lionUpdate
    }
}

extension KernelTable {
    /// Scratch bytes that each calling thread must provide.
    public static var scratchByteCount: Int { 8 << 20 }
}
