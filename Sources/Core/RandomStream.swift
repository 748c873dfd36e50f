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

    /// The number in [0, 1) that a random word stands for: its upper 24 bits, scaled by 2⁻²⁴ without rounding.
    @inlinable
    package static func uniform(_ word: UInt32) -> Float {
        Float(word >> 8) * 0x1p-24
    }
}
