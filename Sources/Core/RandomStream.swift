/// Random words addressed by position and element, for one seed, purpose, layer and step.
///
/// The key of the generator is the seed; the counter is `(element / 4, position, step, purpose << 16 | layer)`, and
/// `element % 4` picks a word of the block.
package struct RandomStream: Sendable, Equatable {
    @usableFromInline let generator: Philox4x32
    @usableFromInline let step: UInt32
    @usableFromInline let purposeAndLayer: UInt32

    package init(seed: UInt64, purpose: RandomPurpose, layer: UInt16 = 0, step: UInt32 = 0) {
        generator = Philox4x32(
            key0: UInt32(truncatingIfNeeded: seed), key1: UInt32(truncatingIfNeeded: seed >> 32))
        self.step = step
        purposeAndLayer = UInt32(purpose.rawValue) << 16 | UInt32(layer)
    }

    /// The words of elements `4 · index ..< 4 · index + 4`: the cheap way to draw many neighbours.
    @inlinable
    package func block(position: UInt32, index: UInt32) -> SIMD4<UInt32> {
        generator.block(SIMD4(index, position, step, purposeAndLayer))
    }

    /// 32 random bits.
    @inlinable
    package func word(position: UInt32, element: UInt32) -> UInt32 {
        block(position: position, index: element >> 2)[Int(element & 3)]
    }

    /// A number in [0, 1): a multiple of 2⁻²⁴, each equally likely.
    @inlinable
    package func uniform(position: UInt32, element: UInt32) -> Float {
        Self.uniform(word(position: position, element: element))
    }

    /// The number in [0, 1) of a random word: its upper 24 bits, scaled by 2⁻²⁴ without rounding.
    @inlinable
    package static func uniform(_ word: UInt32) -> Float {
        Float(word >> 8) * 0x1p-24
    }
}

/// What a random number is for. Streams of different purposes never share a counter, so a new use of randomness does
/// not shift the draws of an old one. The numbers are part of every result and never change.
package enum RandomPurpose: UInt16, Sendable, CaseIterable {
    case initialWeights = 1
    case split = 2
    case epochOrder = 3
    case dropout = 4
    case augmentation = 5
    case syntheticData = 6
    /// Which gradients the audit recomputes; no result depends on it.
    case audit = 7
}

extension RandomStream {
    /// A random order of `0 ..< count`, each equally likely.
    ///
    /// Fisher–Yates from the end: place `i` swaps with a place drawn from `0...i`. The draw for place `i` is element
    /// `i`; a rejected draw is repeated at the next position, so no draw depends on how often an earlier one was
    /// rejected. `count` is at most `Int32.max`.
    package func permutation(count: Int) -> [Int32] {
        precondition(count >= 0 && count <= Int(Int32.max), "a permutation has between 0 and 2³¹ − 1 places")
        var order = [Int32](unsafeUninitializedCapacity: count) { places, initializedCount in
            for index in 0..<count { places.initializeElement(at: index, to: Int32(truncatingIfNeeded: index)) }
            initializedCount = count
        }
        guard count > 1 else { return order }
        var words = SIMD4<UInt32>()
        var blockIndex = UInt32.max
        for place in stride(from: count - 1, to: 0, by: -1) {
            let element = UInt32(truncatingIfNeeded: place)
            if element >> 2 != blockIndex {
                blockIndex = element >> 2
                words = block(position: 0, index: blockIndex)
            }
            let other = index(below: element + 1, firstWord: words[Int(element & 3)], element: element)
            order.swapAt(place, Int(other))
        }
        return order
    }

    /// An unbiased draw from `0 ..< bound`: the high half of `word · bound`, rejecting the low halves that would favour
    /// some results. Source: Lemire, "Fast random integer generation in an interval", ACM TOMACS 2019.
    func index(below bound: UInt32, firstWord: UInt32, element: UInt32) -> UInt32 {
        var product = firstWord.multipliedFullWidth(by: bound)
        guard product.low < bound else { return product.high }
        let rejectedCount = (0 &- bound) % bound
        var position: UInt32 = 0
        while product.low < rejectedCount {
            position &+= 1
            product = word(position: position, element: element).multipliedFullWidth(by: bound)
        }
        return product.high
    }
}

/// The counter-based generator Philox 4×32 with 10 rounds: a keyed function from a 128-bit counter to 128 random bits.
///
/// Any draw can be made on its own, so it does not matter who draws, in which order, or how often. Source: Salmon,
/// Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
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
