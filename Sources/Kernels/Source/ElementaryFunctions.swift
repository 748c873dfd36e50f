/// `KernelTable.exponential`.
///
/// - Max error: 0.9 ulp for normal results, 1 ulp for subnormal ones (gradual underflow).
/// - Special values: e^±0 = 1, e^−∞ = +0, e^+∞ = +∞, NaN stays NaN; overflow gives +∞ above 88.72283, underflow +0
///   below −103.97.
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
    // Adding 1.5·2²³ rounds to a whole number, which is then in the low bits.
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

/// `KernelTable.sigmoid`.
///
/// - Max error: 2 ulp, subnormal results included (gradual underflow).
/// - Special values: σ(±0) = ½, σ(−∞) = +0, σ(+∞) = 1, NaN stays NaN.
public func sigmoid(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    apply(count, x, y) { sigmoid($0) }
}

/// With z = e^−|x|, which cannot overflow: 1 / (1 + z) for x ≥ 0, and z − z·(z / (1 + z)) otherwise, where the rounding of
/// 1 + z has little effect.
@inline(__always)
func sigmoid(_ x: Float) -> Float {
    let z = exponential(Float(bitPattern: x.bitPattern | 0x8000_0000))
    let isNegative = x < 0
    let quotient = (isNegative ? z : 1) / (1 + z)
    let complement = z.addingProduct(-z, quotient)
    return isNegative ? complement : quotient
}

/// `KernelTable.hyperbolicTangent`.
///
/// - Max error: 1.4 ulp.
/// - Special values: tanh ±0 = ±0, tanh ±∞ = ±1, NaN stays NaN.
public func hyperbolicTangent(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    apply(count, x, y) { hyperbolicTangent($0) }
}

/// For |x| < 0.6: x + x·s·p(s) with s = x², otherwise 1 − 2 / (e^2|x| + 1); the sign is set last.
///
/// p interpolates (tanh x − x) / x³ as a function of s at Chebyshev's nodes; the relative error of the polynomial is
/// 4·10⁻⁹.
@inline(__always)
func hyperbolicTangent(_ x: Float) -> Float {
    let magnitude = Float(bitPattern: x.bitPattern & 0x7FFF_FFFF)
    let s = magnitude * magnitude
    var p: Float = 0x1.36bdb2p-9
    p = Float(-0x1.1394cap-7).addingProduct(p, s)
    p = Float(0x1.64fad8p-6).addingProduct(p, s)
    p = Float(-0x1.ba0d94p-5).addingProduct(p, s)
    p = Float(0x1.1110f6p-3).addingProduct(p, s)
    p = Float(-0x1.555556p-2).addingProduct(p, s)
    let near = magnitude.addingProduct(magnitude * s, p)
    let far = 1 - 2 / (exponential(2 * magnitude) + 1)
    let value = magnitude < 0.6 ? near : far
    return Float(bitPattern: value.bitPattern | (x.bitPattern & 0x8000_0000))
}

/// `KernelTable.sigmoidBackward`.
public func sigmoidBackward(_ count: Int, _ output: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>) {
    var index = 0
    while index < count {
        gradient[index] *= output[index] * (1 - output[index])
        index &+= 1
    }
}

/// `KernelTable.hyperbolicTangentBackward`.
public func hyperbolicTangentBackward(
    _ count: Int, _ output: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>
) {
    var index = 0
    while index < count {
        gradient[index] *= Float(1).addingProduct(-output[index], output[index])
        index &+= 1
    }
}
