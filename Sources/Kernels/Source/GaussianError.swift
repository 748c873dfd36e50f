/// `KernelTable.gaussianErrorLinear`: x·Φ(x), Φ being the standard normal distribution.
///
/// - Max error: 6 ulp, subnormal results included (gradual underflow).
/// - Special values: ±0 stays ±0, −∞ gives −0, +∞ and NaN stay.
public func gaussianErrorLinear(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    apply(count, x, y) { gaussianErrorLinear($0) }
}

/// `KernelTable.gaussianErrorLinearBackward`: multiplies by Φ(x) + x·φ(x), φ being the standard normal density.
///
/// - Max error of the factor: 8·2⁻²⁴ of |Φ(x)| + |x·φ(x)|, whose difference vanishes near x = −0.75.
public func gaussianErrorLinearBackward(
    _ count: Int, _ x: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>
) {
    var index = 0
    while index < count {
        let tail = NormalTail(x[index])
        // x·φ(x) and Φ(−|x|) share the factor e^(−x²/2).
        let slope = tail.magnitude * 0.398_942_28
        let near = tail.power * (tail.ratio - slope)
        let far = Float(1).addingProduct(tail.power, slope - tail.ratio)
        gradient[index] *= x[index] < 0 ? near : far
        index &+= 1
    }
}

@inline(__always)
private func gaussianErrorLinear(_ x: Float) -> Float {
    let tail = NormalTail(x)
    // Beyond the bound the power is zero: only the sign and infinity of x matter.
    let product = tail.magnitude * tail.ratio * tail.power
    let value = x < 0 ? -product : x - product
    // +0 − 0 is +0, −0 is not below zero: its sign comes from x. The bound has replaced NaN.
    let signed = Float(bitPattern: value.bitPattern | (x.bitPattern & 0x8000_0000))
    return x == x ? signed : x
}

/// Φ(−|x|) = e^(−x²/2)·R(|x|) in two factors.
private struct NormalTail {
    /// |x|, at most 16, where e^(−x²/2) is zero.
    let magnitude: Float
    /// e^(−x²/2)
    let power: Float
    /// R(t) = Φ(−t)·e^(t²/2) (Mills' ratio over √(2π)): u·p(u) with u = 1 / (1 + 0.3125·t).
    ///
    /// p interpolates R / u at Chebyshev's nodes for t up to 14.5; the relative error of the polynomial is 3.3·10⁻⁸.
    let ratio: Float

    @inline(__always)
    init(_ x: Float) {
        let absolute = Float(bitPattern: x.bitPattern & 0x7FFF_FFFF)
        magnitude = absolute < 16 ? absolute : 16
        // x²/2 in two parts, because its rounding would be multiplied by itself in the power.
        let half = magnitude * 0.5
        let high = magnitude * half
        let low = (-high).addingProduct(magnitude, half)
        let exact = exponential(-high)
        power = exact.addingProduct(-exact, low)

        let u = 1 / Float(1).addingProduct(0.3125, magnitude)
        var p: Float = -0x1.2bdf2ap-6
        p = Float(0x1.673052p-4).addingProduct(p, u)
        p = Float(-0x1.245bd6p-3).addingProduct(p, u)
        p = Float(0x1.0574fap-4).addingProduct(p, u)
        p = Float(0x1.6d8912p-8).addingProduct(p, u)
        p = Float(0x1.a5fbdcp-5).addingProduct(p, u)
        p = Float(0x1.763a96p-4).addingProduct(p, u)
        p = Float(0x1.c9431ep-4).addingProduct(p, u)
        p = Float(0x1.ff1622p-4).addingProduct(p, u)
        p = Float(0x1.fe9fd6p-4).addingProduct(p, u)
        ratio = u * p
    }
}
