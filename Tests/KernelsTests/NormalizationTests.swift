import KernelInterface
import Kernels
import TestSupport
import Testing

private let channelCounts = [1, 3, 7, 8, 15, 16, 17, 32, 33, 65, 128]

@Suite("Normalisation")
struct NormalizationTests {
    @Test("Outputs have the documented bits, in place or not", arguments: InstructionSet.supported)
    func forward(_ set: InstructionSet) {
        var random = SeededGenerator(seed: 21)
        for channels in channelCounts {
            let input = random.floats(5 * channels)
            let constants = (0..<3).map { _ in random.floats(channels) }
            let expected = input.indices.map { index -> UInt32 in
                let channel = index % channels
                let deviation = input[index] - constants[0][channel]
                return constants[2][channel].addingProduct(deviation, constants[1][channel]).bitPattern
            }
            let memory = FencedFloats(input, misalignment: 1)
            let fenced = constants.map { FencedFloats($0, misalignment: 3) }
            let output = FencedFloats(count: input.count, misalignment: 2)
            for target in [output, memory] {
                set.table.normalize(
                    NormalizationArguments(
                        positionCount: 5, channelCount: channels, input: memory.reading, mean: fenced[0].reading,
                        scale: fenced[1].reading, shift: fenced[2].reading, output: target.start))
                #expect(target.bits == expected, "\(channels) channels")
            }
            #expect(memory.isIntact && output.isIntact && fenced.allSatisfy(\.isIntact))
        }
    }

    @Test("Input gradients have the documented bits, in place or not", arguments: InstructionSet.supported)
    func inputGradient(_ set: InstructionSet) {
        var random = SeededGenerator(seed: 22)
        for channels in channelCounts {
            let input = random.floats(5 * channels)
            let gradient = random.floats(5 * channels)
            let constants = (0..<5).map { _ in random.floats(channels) }
            let expected = input.indices.map { index -> UInt32 in
                let channel = index % channels
                let normalized = (input[index] - constants[0][channel]) * constants[1][channel]
                let rest = (gradient[index] - constants[3][channel])
                    .addingProduct(-normalized, constants[4][channel])
                return (constants[2][channel] * rest).bitPattern
            }
            let memory = FencedFloats(input, misalignment: 1)
            let outputGradient = FencedFloats(gradient, misalignment: 1)
            let fenced = constants.map { FencedFloats($0, misalignment: 3) }
            let inputGradient = FencedFloats(count: input.count, misalignment: 2)
            for target in [inputGradient, outputGradient] {
                set.table.normalizationInputGradient(
                    NormalizationInputGradientArguments(
                        positionCount: 5, channelCount: channels, input: memory.reading, mean: fenced[0].reading,
                        inverseDeviation: fenced[1].reading, factor: fenced[2].reading,
                        gradientMean: fenced[3].reading, productMean: fenced[4].reading,
                        outputGradient: outputGradient.reading, inputGradient: target.start))
                #expect(target.bits == expected, "\(channels) channels")
            }
            #expect(memory.isIntact && inputGradient.isIntact && outputGradient.isIntact)
        }
    }
}
