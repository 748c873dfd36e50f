/// `KernelTable.hyperbolicTangent`.
///
/// - Max error: 1.4 ulp.
/// - Special values: tanh ±0 = ±0, tanh ±∞ = ±1, NaN stays NaN.
public func hyperbolicTangent(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    apply(count, x, y) { hyperbolicTangent($0) }
}

/// For |x| < 0.6: x + x·s·p(s) with s = x², otherwise 1 − 2 / (e^2|x| + 1); the sign comes last.
///
/// p interpolates (tanh x − x) / x³ as a function of s at Chebyshev's nodes; the relative error of the polynomial is 4·10⁻⁹.
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
