/// `KernelTable.logarithm`.
///
/// - Max error: 1 ulp, subnormal arguments included.
/// - Special values: ln 1 = +0, ln ±0 = −∞, ln +∞ = +∞, ln x = NaN for x < 0, NaN stays NaN.
public func logarithm(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    apply(count, x, y) { logarithm($0) }
}

/// ln x: x = 2ᵏ·(1 + f) with √½ ≤ 1 + f < √2, then k·ln 2 + f − f²/2 + f³·p(f).
///
/// p interpolates (ln(1 + f) − f + f²/2) / f³ at Chebyshev's nodes; the relative error of the polynomial is 3·10⁻⁹.
@inline(__always)
func logarithm(_ x: Float) -> Float {
    // A subnormal x is first multiplied by 2²³.
    let isSubnormal = x < 0x1p-126
    let scaled = isSubnormal ? x * 0x1p23 : x
    let bias: Int32 = isSubnormal ? 150 : 127

    let root: UInt32 = 0x3F35_04F3
    let shifted = scaled.bitPattern &+ (0x3F80_0000 &- root)
    let k = Float(Int32(bitPattern: shifted &>> 23) &- bias)
    let f = Float(bitPattern: (shifted & 0x007F_FFFF) &+ root) - 1

    var p: Float = 0x1.1d8ea6p-4
    p = Float(-0x1.d635bcp-4).addingProduct(p, f)
    p = Float(0x1.dea282p-4).addingProduct(p, f)
    p = Float(-0x1.fcf4c6p-4).addingProduct(p, f)
    p = Float(0x1.23d21ap-3).addingProduct(p, f)
    p = Float(-0x1.555b4ap-3).addingProduct(p, f)
    p = Float(0x1.999d5ap-3).addingProduct(p, f)
    p = Float(-0x1.fffffcp-3).addingProduct(p, f)
    p = Float(0x1.555554p-2).addingProduct(p, f)

    let square = f * f
    var small = square * (f * p)
    small = small.addingProduct(k, 1.428_606_8e-06)
    small = small.addingProduct(square, -0.5)
    let value = (f + small).addingProduct(k, 0x1.62e4p-1)

    let bounded = x == .infinity ? x : value
    let valid = x >= 0 ? bounded : .nan
    return x == 0 ? -.infinity : valid
}
