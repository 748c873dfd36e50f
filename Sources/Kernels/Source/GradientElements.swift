internal import KernelInterface

/// Calls `update` with each index and its element of the gradient, as `GradientAdjustment`.
///
/// Three loops, so that an optimizer without penalties and clipping pays nothing for them, and a batch that is a power of
/// two for no division: the product with its reciprocal has the bits of the quotient, also where that is subnormal.
@inline(__always)
func forEachGradient(
    _ count: Int, _ parameters: UnsafePointer<Float>, _ gradientSum: UnsafePointer<Float>, batchSize: Float,
    _ adjustment: GradientAdjustment, _ update: (_ index: Int, _ gradient: Float) -> Void
) {
    var index = 0
    if adjustment.clipFactor == 1 && !adjustment.hasPenalty {
        if batchSize.significandBitPattern == 0 {
            let reciprocal = 1 / batchSize
            while index < count {
                update(index, gradientSum[index] * reciprocal)
                index &+= 1
            }
            return
        }
        while index < count {
            update(index, gradientSum[index] / batchSize)
            index &+= 1
        }
        return
    }
    while index < count {
        let gradient = penalized(gradientSum[index] / batchSize, parameters[index], adjustment)
        update(index, gradient * adjustment.clipFactor)
        index &+= 1
    }
}

/// An element of the mean gradient with the gradients of both penalties.
@inline(__always)
func penalized(_ gradient: Float, _ parameter: Float, _ adjustment: GradientAdjustment) -> Float {
    let sign: Float = parameter > 0 ? 1 : parameter < 0 ? -1 : 0
    return gradient.addingProduct(2 * adjustment.l2, parameter).addingProduct(adjustment.l1, sign)
}

extension GradientAdjustment {
    /// Whether the parameters have a part in the gradient.
    @inline(__always)
    var hasPenalty: Bool { l1 != 0 || l2 != 0 }
}
