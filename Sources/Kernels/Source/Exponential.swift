/// `KernelTable.exponential`.
///
/// - Max error: 0.9 ulp for normal results, 1 ulp for subnormal ones (gradual underflow).
/// - Special values: e^±0 = 1, e^−∞ = +0, e^+∞ = +∞, NaN stays NaN; overflow gives +∞ above 88.72283, underflow +0 below −103.97.
public func exponential(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    transform(count, x, y) { exponential($0) }
}

/// e^x in every lane: x = n·ln 2 + r with |r| ≤ ln 2 / 2, then 2ⁿ·(1 + r + r²·q(r)).
///
/// q interpolates (e^r − 1 − r) / r² at Chebyshev's nodes; the relative error of the polynomial is 7·10⁻¹⁰.
@inline(__always)
func exponential(_ x: Vector) -> Vector {
    var x = x
    x.replace(with: broadcast(89), where: x .> broadcast(89))
    x.replace(with: broadcast(-104), where: x .< broadcast(-104))
    // Adding 1.5·2²³ rounds to a whole number, which then stands in the low bits.
    let shift = broadcast(12_582_912)
    let shifted = shift.addingProduct(x, broadcast(1.442_695))
    let n = difference(shifted, shift)
    let power = unsafeBitCast(bits(shifted) &- bits(shift), to: VectorSignedBits.self)
    // ln 2 in two parts; the first has 15 bits, so that x less n times it is exact. The second part joins the sum late.
    let high = x.addingProduct(n, broadcast(-0x1.62e4p-1))
    let low = product(n, broadcast(-1.428_606_8e-06))
    let r = sum(high, low)

    var q = broadcast(0x1.a124e4p-13)
    q = broadcast(0x1.6d4316p-10).addingProduct(q, r)
    q = broadcast(0x1.1110ep-7).addingProduct(q, r)
    q = broadcast(0x1.5554eap-5).addingProduct(q, r)
    q = broadcast(0x1.555556p-3).addingProduct(q, r)
    q = broadcast(0.5).addingProduct(q, r)
    let value = sum(broadcast(1), sum(high, low.addingProduct(product(r, r), q)))

    // Two factors, because 2ⁿ itself may overflow or be subnormal where the result is not.
    let half = power &>> VectorSignedBits(repeating: 1)
    return product(product(value, powerOfTwo(half)), powerOfTwo(power &- half))
}

/// 2ⁿ for −126 ≤ n ≤ 127.
@inline(__always)
private func powerOfTwo(_ n: VectorSignedBits) -> Vector {
    let biased = unsafeBitCast(n &+ VectorSignedBits(repeating: 127), to: VectorBits.self)
    return fromBits(biased &<< VectorBits(repeating: 23))
}
