/// Eight blocks of Philox 4×32 with 10 rounds, with neighbouring first counter words; the same generator as `Philox4x32` of
/// the module Randomness. Word k of a block stands in the low half of its lane; the high half is not cleared.
struct PhiloxBlocks {
    private var word0: SIMD8<UInt64>
    private var word1: SIMD8<UInt64>
    private var word2: SIMD8<UInt64>
    private var word3: SIMD8<UInt64>

    /// The counters `(firstIndex + lane, position, step, layer)`, each word below 2³².
    @inline(__always)
    init(firstIndex: UInt64, position: UInt64, step: UInt64, layer: UInt64) {
        word0 = SIMD8(repeating: firstIndex) &+ SIMD8(0, 1, 2, 3, 4, 5, 6, 7)
        word1 = SIMD8(repeating: position)
        word2 = SIMD8(repeating: step)
        word3 = SIMD8(repeating: layer)
    }

    /// Ten rounds. A product of two low halves fills its lane: the high half goes on, the low half stays.
    @inline(__always)
    mutating func encrypt(seed: UInt64) {
        let lowHalf = SIMD8<UInt64>(repeating: 0xFFFF_FFFF)
        let shift = SIMD8<UInt64>(repeating: 32)
        var key0 = UInt32(truncatingIfNeeded: seed)
        var key1 = UInt32(truncatingIfNeeded: seed &>> 32)
        var round = 0
        while round < 10 {
            let product0 = (word0 & lowHalf) &* SIMD8(repeating: 0xD251_1F53)
            let product1 = (word2 & lowHalf) &* SIMD8(repeating: 0xCD9E_8D57)
            word0 = (product1 &>> shift) ^ word1 ^ SIMD8(repeating: UInt64(key0))
            word1 = product1
            word2 = (product0 &>> shift) ^ word3 ^ SIMD8(repeating: UInt64(key1))
            word3 = product0
            key0 &+= 0x9E37_79B9
            key1 &+= 0xBB67_AE85
            round &+= 1
        }
    }

    /// Writes the blocks one after another, each as words 0, 1, 2, 3 in 16 bytes (x86-64 is little-endian).
    @inline(__always)
    func store(_ target: UnsafeMutablePointer<UInt64>) {
        let lowHalf = SIMD8<UInt64>(repeating: 0xFFFF_FFFF)
        let shift = SIMD8<UInt64>(repeating: 32)
        let first = (word0 & lowHalf) | (word1 &<< shift)
        let second = (word2 & lowHalf) | (word3 &<< shift)
        var lane = 0
        while lane < 8 {
            target[2 &* lane] = first[lane]
            target[2 &* lane &+ 1] = second[lane]
            lane &+= 1
        }
    }
}
