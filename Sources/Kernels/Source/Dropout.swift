public import KernelInterface

/// `KernelTable.dropout`.
///
/// The draws of up to 256 elements are made together, eight elements a Philox block.
public func dropout(_ arguments: DropoutArguments) {
    var draws = SIMD64<UInt64>.zero
    withUnsafeMutablePointer(to: &draws) { pointer in
        let draws = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt64.self)
        var sample = 0
        while sample < arguments.sampleCount {
            dropSample(arguments, sample, draws)
            sample &+= 1
        }
    }
}

@inline(__always)
private func dropSample(_ arguments: DropoutArguments, _ sample: Int, _ draws: UnsafeMutablePointer<UInt64>) {
    let blocks = PhiloxBlocks(
        position: arguments.firstPosition &+ UInt32(truncatingIfNeeded: sample), step: arguments.step,
        layer: UInt32(arguments.purpose) &<< 16 | UInt32(arguments.layer), seed: arguments.seed)
    let input = arguments.input + sample &* arguments.elementCount
    let output = arguments.output + sample &* arguments.elementCount
    let words = UnsafeRawPointer(draws).assumingMemoryBound(to: UInt16.self)
    var element = 0
    while element < arguments.elementCount {
        let count = lesser(arguments.elementCount &- element, 256)
        // A multiple of eight blocks leaves the vectorized loop no rest.
        blocks.write(firstIndex: element &>> 3, count: (count &+ 63) / 64 &* 8, draws)
        keep(arguments, words, input + element, output + element, count: count)
        element &+= 256
    }
}

/// Up to 256 elements.
@inline(__always)
private func keep(
    _ arguments: DropoutArguments, _ draws: UnsafePointer<UInt16>, _ input: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>, count: Int
) {
    let threshold = VectorSignedBits(repeating: Int32(truncatingIfNeeded: arguments.threshold))
    let scale = broadcast(arguments.scale)
    var index = 0
    while index &+ laneCount <= count {
        let isKept = loadWords(draws + index) .>= threshold
        let scaled = loadVector(input + index) * scale
        storeVector(Vector.zero.replacing(with: scaled, where: isKept), output + index)
        index &+= laneCount
    }
    while index < count {
        output[index] = UInt32(draws[index]) >= arguments.threshold ? input[index] * arguments.scale : 0
        index &+= 1
    }
}

/// One 16-bit word for each lane; the lane loop becomes one conversion.
@inline(__always)
private func loadWords(_ pointer: UnsafePointer<UInt16>) -> VectorSignedBits {
    var bits = VectorSignedBits.zero
    var lane = 0
    while lane < laneCount {
        bits[lane] = Int32(pointer[lane])
        lane &+= 1
    }
    return bits
}

/// Philox 4×32 with 10 rounds for neighbouring first counter words, the same generator as `Philox4x32` of the module
/// Core.
struct PhiloxBlocks {
    /// The other words of the counter.
    let position: UInt64
    let step: UInt64
    let layer: UInt64
    let keys: PhiloxKeys

    @inline(__always)
    init(position: UInt32, step: UInt32, layer: UInt32, seed: UInt64) {
        self.position = UInt64(position)
        self.step = UInt64(step)
        self.layer = UInt64(layer)
        keys = PhiloxKeys(seed: seed)
    }

    /// Writes the blocks of the counters `(firstIndex ..< firstIndex + count, position, step, layer)` one after
    /// another, each as words 0, 1, 2, 3 in 16 bytes (x86-64 is little-endian). The compiler vectorizes the loop.
    @inline(__always)
    func write(firstIndex: Int, count: Int, _ target: UnsafeMutablePointer<UInt64>) {
        var index = 0
        while index < count {
            var words = PhiloxWords(
                word0: UInt64(truncatingIfNeeded: firstIndex &+ index), word1: position, word2: step, word3: layer)
            words.encrypt(keys)
            target[2 &* index] = (words.word0 & lowHalf) | (words.word1 &<< 32)
            target[2 &* index &+ 1] = (words.word2 & lowHalf) | (words.word3 &<< 32)
            index &+= 1
        }
    }
}

private let lowHalf: UInt64 = 0xFFFF_FFFF

/// A counter on its way to a block. The words are in the low halves; the high halves are not cleared.
private struct PhiloxWords {
    var word0: UInt64
    var word1: UInt64
    var word2: UInt64
    var word3: UInt64

    /// One round. A product of two low halves fills 64 bits: its high half enters the next round, its low half stays.
    @inline(__always)
    mutating func mix(_ key0: UInt64, _ key1: UInt64) {
        let product0 = (word0 & lowHalf) &* 0xD251_1F53
        let product1 = (word2 & lowHalf) &* 0xCD9E_8D57
        word0 = (product1 &>> 32) ^ word1 ^ key0
        word1 = product1
        word2 = (product0 &>> 32) ^ word3 ^ key1
        word3 = product0
    }

    /// Ten rounds, written out: the compiler vectorizes only innermost loops.
    @inline(__always)
    mutating func encrypt(_ keys: PhiloxKeys) {
        mix(keys.first(0), keys.second(0))
        mix(keys.first(1), keys.second(1))
        mix(keys.first(2), keys.second(2))
        mix(keys.first(3), keys.second(3))
        mix(keys.first(4), keys.second(4))
        mix(keys.first(5), keys.second(5))
        mix(keys.first(6), keys.second(6))
        mix(keys.first(7), keys.second(7))
        mix(keys.first(8), keys.second(8))
        mix(keys.first(9), keys.second(9))
    }
}

/// The keys of the rounds: both halves of the seed, raised by a constant each round.
struct PhiloxKeys {
    private let key0: UInt32
    private let key1: UInt32

    @inline(__always)
    init(seed: UInt64) {
        key0 = UInt32(truncatingIfNeeded: seed)
        key1 = UInt32(truncatingIfNeeded: seed &>> 32)
    }

    @inline(__always)
    func first(_ round: UInt32) -> UInt64 { UInt64(key0 &+ round &* 0x9E37_79B9) }

    @inline(__always)
    func second(_ round: UInt32) -> UInt64 { UInt64(key1 &+ round &* 0xBB67_AE85) }
}
