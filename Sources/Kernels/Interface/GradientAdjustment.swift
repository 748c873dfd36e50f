/// What is done to an element of the gradient before an optimizer sees it, in this order, each operation rounded to binary32:
///
///     g = gradientSum / batchSize
///     g = fma(2 · l2, w, g)
///     g = fma(l1, sign w, g)       sign ±0 = 0
///     g = g · clipFactor
///
/// These are the gradients of the penalties l2 · Σ w² and l1 · Σ |w| (Keras's convention), which are part of the loss; so clipping
/// comes after them, in Keras as in PyTorch. If there is nothing to adjust (`clipFactor` 1, `l1` and `l2` 0), only the division is done.
@frozen
public struct GradientAdjustment: Sendable {
    /// 1 leaves the gradient as it is.
    public var clipFactor: Float
    public var l1: Float
    public var l2: Float

    /// Nothing to adjust.
    @inlinable public static var none: GradientAdjustment { GradientAdjustment() }

    @inlinable
    public init(clipFactor: Float = 1, l1: Float = 0, l2: Float = 0) {
        self.clipFactor = clipFactor
        self.l1 = l1
        self.l2 = l2
    }
}

/// What `sumOfGradientSquares` sums: g as in `GradientAdjustment`, before clipping (`clipFactor` is not read).
@frozen
public struct GradientNormArguments {
    public var count: Int
    public var parameters: UnsafePointer<Float>
    public var gradientSum: UnsafePointer<Float>
    /// The batch size by which the gradient sum is divided.
    public var batchSize: Float
    public var adjustment: GradientAdjustment

    @inlinable
    public init(
        count: Int, parameters: UnsafePointer<Float>, gradientSum: UnsafePointer<Float>, batchSize: Float,
        adjustment: GradientAdjustment = .none
    ) {
        self.count = count
        self.parameters = parameters
        self.gradientSum = gradientSum
        self.batchSize = batchSize
        self.adjustment = adjustment
    }
}
