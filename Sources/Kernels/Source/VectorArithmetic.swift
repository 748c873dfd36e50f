/// Plain arithmetic on whole vectors, each operation rounded once.
///
/// The operators of SIMD types work lane by lane, and the optimizer does not always join the lanes again; `addingProduct` is a
/// vector operation from the start. x·1 + y, y·(−1) + x and x·y + (−0) are the sum, the difference and the product, signs of
/// zero included, and become one instruction each.

/// left + right
@inline(__always)
func sum(_ left: Vector, _ right: Vector) -> Vector {
    right.addingProduct(left, broadcast(1))
}

/// left − right
@inline(__always)
func difference(_ left: Vector, _ right: Vector) -> Vector {
    left.addingProduct(right, broadcast(-1))
}

/// left · right
@inline(__always)
func product(_ left: Vector, _ right: Vector) -> Vector {
    broadcast(-0.0).addingProduct(left, right)
}

/// −x
@inline(__always)
func negated(_ x: Vector) -> Vector {
    fromBits(bits(x) ^ VectorBits(repeating: 0x8000_0000))
}
