import Core
import KernelInterface
import Kernels
import TestSupport
import Testing

@Suite("Dropout")
struct DropoutTests {
    static let seed: UInt64 = 0xFEDC_BA98_7654_3210
    static let step: UInt32 = 7_000_001

    /// Whether each element of the sample at `position` is kept, drawn one block after another.
    static func isKept(elements: Int, position: UInt32, layer: UInt16, threshold: UInt32) -> [Bool] {
        let stream = RandomStream(seed: seed, purpose: .dropout, layer: layer, step: step)
        return (0..<elements).map { element in
            let word = stream.block(position: position, index: UInt32(element / 8))[element % 8 / 2]
            let draw = element % 2 == 0 ? word & 0xFFFF : word >> 16
            return draw >= threshold
        }
    }

    private func arguments(
        _ sampleCount: Int, _ elementCount: Int, threshold: UInt32, scale: Float, _ input: FencedFloats,
        _ output: FencedFloats
    ) -> DropoutArguments {
        DropoutArguments(
            sampleCount: sampleCount, elementCount: elementCount, firstPosition: 0xFFFF_FF00, step: Self.step,
            seed: Self.seed, layer: 3, purpose: RandomPurpose.dropout.rawValue, threshold: threshold, scale: scale,
            input: input.reading, output: output.start)
    }

    @Test("Elements are kept as drawn, scaled, and otherwise +0, in place or not", arguments: InstructionSet.supported)
    func bits(_ set: InstructionSet) {
        var random = SeededGenerator(seed: 11)
        for elementCount in [1, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 100, 128, 200, 1000] {
            for threshold: UInt32 in [0, 1, 16_384, 40_000, 65_535, 65_536] {
                let values = random.floats(3 * elementCount)
                let scale: Float = 1.3333334
                var expected: [UInt32] = []
                for sample in 0..<3 {
                    let kept = Self.isKept(
                        elements: elementCount, position: 0xFFFF_FF00 + UInt32(sample), layer: 3,
                        threshold: threshold)
                    for (element, isKept) in kept.enumerated() {
                        expected.append(isKept ? (values[sample * elementCount + element] * scale).bitPattern : 0)
                    }
                }
                let input = FencedFloats(values, misalignment: 1)
                let output = FencedFloats(count: values.count, misalignment: 2)
                set.table.dropout(arguments(3, elementCount, threshold: threshold, scale: scale, input, output))
                #expect(output.bits == expected, "\(elementCount) elements, threshold \(threshold)")
                set.table.dropout(arguments(3, elementCount, threshold: threshold, scale: scale, input, input))
                #expect(input.bits == expected)
                #expect(input.isIntact && output.isIntact)
            }
        }
    }

    @Test("Infinities and NaN vanish where they are dropped", arguments: InstructionSet.supported)
    func special(_ set: InstructionSet) {
        let values = (0..<200).map { [Float.infinity, -.infinity, .nan, -0.0][$0 % 4] }
        let memory = FencedFloats(values)
        set.table.dropout(arguments(1, 200, threshold: 32_768, scale: 2, memory, memory))
        let kept = Self.isKept(elements: 200, position: 0xFFFF_FF00, layer: 3, threshold: 32_768)
        for (index, isKept) in kept.enumerated() {
            let value = memory.start[index]
            #expect(isKept ? value.isNaN == values[index].isNaN : value.bitPattern == 0)
        }
    }

    @Test("The share that is kept is the threshold's")
    func share() {
        let memory = FencedFloats([Float](repeating: 1, count: 100_000))
        let table = InstructionSet.supported.last?.table ?? InstructionSet.portable.table
        table.dropout(arguments(10, 10_000, threshold: 16_384, scale: 1, memory, memory))
        // Three standard deviations of 100,000 draws are 0.0041.
        let share = memory.values.reduce(0, +) / 100_000
        #expect(abs(share - 0.75) < 0.0041)
    }

    @Test("A threshold above 2¹⁶ ends the process")
    func check() async {
        await #expect(processExitsWith: .failure) {
            let memory = FencedFloats([0])
            InstructionSet.portable.table.dropout(
                DropoutArguments(
                    sampleCount: 1, elementCount: 1, firstPosition: 0, step: 0, seed: 0, layer: 0, purpose: 4,
                    threshold: 65_537, scale: 1, input: memory.reading, output: memory.start))
        }
    }
}
