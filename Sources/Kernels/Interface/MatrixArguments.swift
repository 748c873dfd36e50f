/// What a matrix product starts its sums from.
@frozen
public enum AccumulatorStart: Sendable {
    /// +0.
    case zero
    /// The bias of the column, `bias[column]`.
    case bias
    /// What is already in the result.
    case result
}

/// `c[row, column] = start + Σ_k a[row, k] · b[k, column]`, k ascending, one fused multiply-add a term; then ReLU if
/// asked.
///
/// All matrices are row-major; strides are in elements. Lanes run over columns.
@frozen
public struct MatrixProductArguments {
    public var rowCount: Int
    public var columnCount: Int
    public var innerCount: Int
    /// `[rowCount, innerCount]`
    public var a: UnsafePointer<Float>
    public var aRowStride: Int
    /// `[innerCount, columnCount]`; for `matrixProductTransposed`: `[columnCount, innerCount]`.
    public var b: UnsafePointer<Float>
    public var bRowStride: Int
    /// `[rowCount, columnCount]`
    public var c: UnsafeMutablePointer<Float>
    public var cRowStride: Int
    public var start: AccumulatorStart
    /// `[columnCount]`; read only when `start` is `.bias`.
    public var bias: UnsafePointer<Float>?
    /// Replace x by x > 0 ? x : +0 at the end.
    public var appliesReLU: Bool

    @inlinable
    public init(
        rowCount: Int, columnCount: Int, innerCount: Int,
        a: UnsafePointer<Float>, aRowStride: Int,
        b: UnsafePointer<Float>, bRowStride: Int,
        c: UnsafeMutablePointer<Float>, cRowStride: Int,
        start: AccumulatorStart, bias: UnsafePointer<Float>? = nil, appliesReLU: Bool = false
    ) {
        self.rowCount = rowCount
        self.columnCount = columnCount
        self.innerCount = innerCount
        self.a = a
        self.aRowStride = aRowStride
        self.b = b
        self.bRowStride = bRowStride
        self.c = c
        self.cRowStride = cRowStride
        self.start = start
        self.bias = bias
        self.appliesReLU = appliesReLU
    }
}

/// The weight gradient of a dense layer, over micro-batches:
/// `gradient[root][row, column] = Σ_samples x[sample, row] · outputGradient[sample, column]` in the order of `program`.
///
/// Only rows `rowBegin ..< rowEnd` are computed, so that threads can share one gradient.
@frozen
public struct GradientProductArguments {
    public var rowBegin: Int
    public var rowEnd: Int
    public var columnCount: Int
    /// `[samples, rows]`
    public var x: UnsafePointer<Float>
    public var xRowStride: Int
    /// `[samples, columnCount]`
    public var outputGradient: UnsafePointer<Float>
    public var outputGradientRowStride: Int
    public var program: SummationProgram
    /// Root r of the gradient is at `gradient + r · rootStride`, `[rows, columnCount]` row-major.
    public var gradient: UnsafeMutablePointer<Float>
    public var rootStride: Int

    @inlinable
    public init(
        rowBegin: Int, rowEnd: Int, columnCount: Int,
        x: UnsafePointer<Float>, xRowStride: Int,
        outputGradient: UnsafePointer<Float>, outputGradientRowStride: Int,
        program: SummationProgram, gradient: UnsafeMutablePointer<Float>, rootStride: Int
    ) {
        self.rowBegin = rowBegin
        self.rowEnd = rowEnd
        self.columnCount = columnCount
        self.x = x
        self.xRowStride = xRowStride
        self.outputGradient = outputGradient
        self.outputGradientRowStride = outputGradientRowStride
        self.program = program
        self.gradient = gradient
        self.rootStride = rootStride
    }
}

/// A sum over samples of each column: `sums[root][column] = Σ_samples Σ_positions values[sample, position, column]`,
/// positions ascending within a sample, samples in the order of `program`. Bias gradients use it.
///
/// Only columns `columnBegin ..< columnEnd` are computed, all by default, so that threads can share one sum.
@frozen
public struct ColumnSumArguments {
    public var columnBegin: Int
    public var columnEnd: Int
    public var columnCount: Int
    /// Positions in a sample: 1 for a dense layer, height · width for a convolution.
    public var positionCount: Int
    /// `[samples, positionCount, columnCount]`, packed.
    public var values: UnsafePointer<Float>
    public var program: SummationProgram
    public var sums: UnsafeMutablePointer<Float>
    public var rootStride: Int

    @inlinable
    public init(
        columnCount: Int, positionCount: Int, values: UnsafePointer<Float>, program: SummationProgram,
        sums: UnsafeMutablePointer<Float>, rootStride: Int, columnBegin: Int = 0, columnEnd: Int? = nil
    ) {
        self.columnBegin = columnBegin
        self.columnEnd = columnEnd ?? columnCount
        self.columnCount = columnCount
        self.positionCount = positionCount
        self.values = values
        self.program = program
        self.sums = sums
        self.rootStride = rootStride
    }
}
