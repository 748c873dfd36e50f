/// The vector of this instruction set: 16 floats, one zmm register.
typealias Vector = SIMD16<Float>
/// Two vectors side by side.
typealias VectorPair = SIMD32<Float>
/// The bit patterns of a `Vector`.
typealias VectorBits = SIMD16<UInt32>
/// The bit patterns of a `Vector`, signed.
typealias VectorSignedBits = SIMD16<Int32>

/// Vector registers.
@inline(__always)
var registerCount: Int { 32 }

/// The name in this module's table.
@inline(__always)
var instructionSetName: String { "avx512" }
