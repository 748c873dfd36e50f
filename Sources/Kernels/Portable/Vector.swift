/// The vector of this instruction set: 4 floats, one xmm register.
typealias Vector = SIMD4<Float>
/// Two vectors side by side.
typealias VectorPair = SIMD8<Float>
/// The bit patterns of a `Vector`.
typealias VectorBits = SIMD4<UInt32>
/// The bit patterns of a `Vector`, signed.
typealias VectorSignedBits = SIMD4<Int32>

/// Vector registers.
@inline(__always)
var registerCount: Int { 16 }

/// The name in this module's table.
@inline(__always)
var instructionSetName: String { "portable" }
