/// `KernelTable.exponential`.
///
/// - Max error: 0.9 ulp for normal results, 1 ulp for subnormal ones (gradual underflow).
/// - Special values: e^±0 = 1, e^−∞ = +0, e^+∞ = +∞, NaN stays NaN; overflow gives +∞ above 88.72283, underflow +0 below −103.97.
public func exponential(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    apply(count, x, y) { exponential($0) }
}

/// e^x: x = n·ln 2 + r with |r| ≤ ln 2 / 2, then 2ⁿ·(1 + r + r²·q(r)).
///
/// q interpolates (e^r − 1 − r) / r² at Chebyshev's nodes; the relative error of the polynomial is 7·10⁻¹⁰.
@inline(__always)
func exponential(_ x: Float) -> Float {
    let below = x > 89 ? 89 : x
    let bounded = below < -104 ? -104 : below
    // Adding 1.5·2²³ rounds to a whole number, which then stands in the low bits.
    let shift: Float = 12_582_912
    let shifted = shift.addingProduct(bounded, 1.442_695)
    let n = shifted - shift
    let power = Int32(bitPattern: shifted.bitPattern &- shift.bitPattern)
    // ln 2 in two parts; the first has 15 bits, so that x less n times it is exact. The second part joins the sum late.
    let high = bounded.addingProduct(n, -0x1.62e4p-1)
    let low = n * -1.428_606_8e-06
    let r = high + low

    var q: Float = 0x1.a124e4p-13
    q = Float(0x1.6d4316p-10).addingProduct(q, r)
    q = Float(0x1.1110ep-7).addingProduct(q, r)
    q = Float(0x1.5554eap-5).addingProduct(q, r)
    q = Float(0x1.555556p-3).addingProduct(q, r)
    q = Float(0.5).addingProduct(q, r)
    let value = 1 + (high + low.addingProduct(r * r, q))

    // Two factors, because 2ⁿ itself may overflow or be subnormal where the result is not.
    let half = power &>> 1
    return value * powerOfTwo(half) * powerOfTwo(power &- half)
}

/// 2ⁿ for −126 ≤ n ≤ 127.
@inline(__always)
private func powerOfTwo(_ n: Int32) -> Float {
    Float(bitPattern: UInt32(bitPattern: n &+ 127) &<< 23)
}
