/// The counter-based generator Philox 4×32 with 10 rounds: a keyed function from a 128-bit counter to 128 random bits.
///
/// Any draw can be made on its own, so it does not matter who draws, in which order, or how often. Source: Salmon, Moraes,
/// Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
package struct Philox4x32: Sendable, Equatable {
    package var key0: UInt32
    package var key1: UInt32

    package init(key0: UInt32, key1: UInt32) {
        self.key0 = key0
        self.key1 = key1
    }

    /// The four random words of one counter. Cost: 20 widening multiplications.
    @inlinable
    package func block(_ counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
        var (word0, word1, word2, word3) = (counter[0], counter[1], counter[2], counter[3])
        var (roundKey0, roundKey1) = (key0, key1)
        for _ in 0..<10 {
            let product0 = word0.multipliedFullWidth(by: 0xD251_1F53)
            let product1 = word2.multipliedFullWidth(by: 0xCD9E_8D57)
            word0 = product1.high ^ word1 ^ roundKey0
            word1 = product1.low
            word2 = product0.high ^ word3 ^ roundKey1
            word3 = product0.low
            roundKey0 &+= 0x9E37_79B9
            roundKey1 &+= 0xBB67_AE85
        }
        return SIMD4(word0, word1, word2, word3)
    }
}
