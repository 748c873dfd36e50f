/// The bit patterns of floats.
@inline(__always)
func bits(_ x: Vector) -> VectorBits {
    unsafeBitCast(x, to: VectorBits.self)
}

/// The floats with the given bit patterns.
@inline(__always)
func fromBits(_ bits: VectorBits) -> Vector {
    unsafeBitCast(bits, to: Vector.self)
}

/// Whole numbers below 2²³ as floats: put into the significand of 2²³, which is then taken away.
@inline(__always)
func floats(_ values: VectorBits) -> Vector {
    difference(fromBits(values | VectorBits(repeating: 0x4B00_0000)), broadcast(8_388_608))
}
