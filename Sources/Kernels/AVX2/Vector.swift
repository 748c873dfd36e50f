/// The vector of this instruction set: 8 floats, one ymm register.
typealias Vector = SIMD8<Float>
/// Two vectors side by side.
typealias VectorPair = SIMD16<Float>
/// The bit patterns of a `Vector`.
typealias VectorBits = SIMD8<UInt32>
/// The bit patterns of a `Vector`, signed.
typealias VectorSignedBits = SIMD8<Int32>

/// Vector registers.
@inline(__always)
var registerCount: Int { 16 }

/// The name in this module's table.
@inline(__always)
var instructionSetName: String { "avx2" }
