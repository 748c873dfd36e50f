import Collectives
import TestSupport

extension SeededGenerator {
    /// Values of very different magnitude, so that every change of grouping changes bits.
    mutating func roughFloat() -> Float {
        let magnitude = Float(sign: .plus, exponent: Int.random(in: -8...8, using: &self), significand: 1)
        return Float.random(in: -1...1, using: &self) * magnitude
    }

    /// Any distribution of `microBatchCount` micro-batches over `workerCount` ranks.
    mutating func ownership(microBatchCount: Int, workerCount: Int) throws -> Ownership {
        let cuts = (1..<microBatchCount).shuffled(using: &self).prefix(workerCount - 1).sorted()
        let edges = [0] + cuts + [microBatchCount]
        return try Ownership(
            microBatchCount: microBatchCount, runs: (0..<workerCount).map { edges[$0]..<edges[$0 + 1] })
    }
}

/// The plain sum of one value a leaf, straight from the definition of the tree.
func plainTreeSum<Value>(_ leaves: ArraySlice<Value?>, add: (Value, Value) -> Value) -> Value? {
    if leaves.count == 1 { return leaves[leaves.startIndex] }
    let middle = leaves.startIndex + leaves.count / 2
    let left = plainTreeSum(leaves[..<middle], add: add)
    let right = plainTreeSum(leaves[middle...], add: add)
    guard let left else { return right }
    guard let right else { return left }
    return add(left, right)
}

/// CRC-32C, one bit after another.
func plainChecksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var remainder = ~UInt32(0)
    for byte in bytes {
        remainder ^= UInt32(byte)
        for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0x82F6_3B78 : remainder >> 1 }
    }
    return ~remainder
}
