/// `KernelTable.logarithm`.
///
/// - Max error: 1 ulp, subnormal arguments included.
/// - Special values: ln 1 = +0, ln ±0 = −∞, ln +∞ = +∞, ln x = NaN for x < 0, NaN stays NaN.
public func logarithm(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    transform(count, x, y) { logarithm($0) }
}

/// ln x in every lane: x = 2ᵏ·(1 + f) with √½ ≤ 1 + f < √2, then k·ln 2 + f − f²/2 + f³·p(f).
///
/// p interpolates (ln(1 + f) − f + f²/2) / f³ at Chebyshev's nodes; the relative error of the polynomial is 3·10⁻⁹.
@inline(__always)
func logarithm(_ x: Vector) -> Vector {
    // A subnormal x is first multiplied by 2²³.
    let isSubnormal = x .< broadcast(0x1p-126)
    let scaled = x.replacing(with: product(x, broadcast(0x1p23)), where: isSubnormal)
    let bias = broadcast(-127).replacing(with: broadcast(-150), where: isSubnormal)

    let root = VectorBits(repeating: 0x3F35_04F3)
    let shifted = bits(scaled) &+ (VectorBits(repeating: 0x3F80_0000) &- root)
    let k = sum(floats(shifted &>> VectorBits(repeating: 23)), bias)
    let f = difference(fromBits((shifted & VectorBits(repeating: 0x007F_FFFF)) &+ root), broadcast(1))

    var p = broadcast(0x1.1d8ea6p-4)
    p = broadcast(-0x1.d635bcp-4).addingProduct(p, f)
    p = broadcast(0x1.dea282p-4).addingProduct(p, f)
    p = broadcast(-0x1.fcf4c6p-4).addingProduct(p, f)
    p = broadcast(0x1.23d21ap-3).addingProduct(p, f)
    p = broadcast(-0x1.555b4ap-3).addingProduct(p, f)
    p = broadcast(0x1.999d5ap-3).addingProduct(p, f)
    p = broadcast(-0x1.fffffcp-3).addingProduct(p, f)
    p = broadcast(0x1.555554p-2).addingProduct(p, f)

    let square = product(f, f)
    var small = product(square, product(f, p))
    small = small.addingProduct(k, broadcast(1.428_606_8e-06))
    small = small.addingProduct(square, broadcast(-0.5))
    var result = sum(f, small).addingProduct(k, broadcast(0x1.62e4p-1))

    result.replace(with: x, where: x .== broadcast(.infinity))
    result.replace(with: broadcast(.nan), where: .!(x .>= Vector.zero))
    result.replace(with: broadcast(-.infinity), where: x .== Vector.zero)
    return result
}
