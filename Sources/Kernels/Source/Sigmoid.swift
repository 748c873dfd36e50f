/// `KernelTable.sigmoid`.
///
/// - Max error: 2 ulp, subnormal results included (gradual underflow).
/// - Special values: σ(±0) = ½, σ(−∞) = +0, σ(+∞) = 1, NaN stays NaN.
public func sigmoid(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    apply(count, x, y) { sigmoid($0) }
}

/// With z = e^−|x|, which cannot overflow: 1 / (1 + z) for x ≥ 0, and z − z·(z / (1 + z)) otherwise, where the rounding of
/// 1 + z hardly counts.
@inline(__always)
func sigmoid(_ x: Float) -> Float {
    let z = exponential(Float(bitPattern: x.bitPattern | 0x8000_0000))
    let isNegative = x < 0
    let quotient = (isNegative ? z : 1) / (1 + z)
    let complement = z.addingProduct(-z, quotient)
    return isNegative ? complement : quotient
}
