import KernelInterface
import Kernels
import TestSupport
import Testing

/// Inputs and expected sums of one random tree.
private struct NormalizationSumCase {
    let tree: SummationCase
    let channels: Int
    let positions: Int
    let input: FencedFloats
    let gradient: FencedFloats
    let mean: FencedFloats
    let inverseDeviation: FencedFloats
    let scratch = Scratch()

    init(channels: Int, positions: Int, _ random: inout SeededGenerator) {
        tree = SummationCase.random(&random)
        (self.channels, self.positions) = (channels, positions)
        input = FencedFloats(random.floats(tree.sampleCount * positions * channels), misalignment: 1)
        gradient = FencedFloats(random.floats(tree.sampleCount * positions * channels), misalignment: 2)
        mean = FencedFloats(random.floats(channels), misalignment: 3)
        inverseDeviation = FencedFloats(random.floats(channels), misalignment: 3)
    }

    var isIntact: Bool {
        input.isIntact && gradient.isIntact && mean.isIntact && inverseDeviation.isIntact
    }

    /// The sums of a naive tree, `[roots, channels + 5]`, of the channels in `range`; guards elsewhere.
    func expected(_ range: Range<Int>, _ add: (inout Float, _ index: Int, _ channel: Int) -> Void) -> [UInt32] {
        var result = [UInt32](repeating: FencedFloats.guardPattern, count: tree.rootCount * (channels + 5))
        for channel in range {
            let roots = tree.roots { samples in
                var sum: Float = 0
                for position in (samples.lowerBound * positions)..<(samples.upperBound * positions) {
                    add(&sum, position * channels + channel, channel)
                }
                return sum
            }
            for (root, sum) in roots.enumerated() { result[root * (channels + 5) + channel] = sum.bitPattern }
        }
        return result
    }

    func sums() -> FencedFloats { FencedFloats(count: tree.rootCount * (channels + 5), misalignment: 1) }
}

@Suite("Sums of normalisation")
struct NormalizationSumTests {
    /// Channel counts, each with a range of channels.
    static let ranges = [
        (1, 0..<1), (3, 0..<3), (7, 2..<6), (8, 0..<8), (16, 0..<16), (17, 0..<17), (33, 0..<33), (40, 3..<40),
        (64, 0..<64), (70, 1..<1), (128, 64..<128),
    ]

    @Test("Squared deviations have the bits of a naive tree", arguments: InstructionSet.supported)
    func squaredDeviations(_ set: InstructionSet) {
        var random = SeededGenerator(seed: 31)
        for (channels, range) in Self.ranges {
            let state = NormalizationSumCase(channels: channels, positions: 3, &random)
            let sums = state.sums()
            state.tree.withProgram { program in
                set.table.squaredDeviationSums(
                    SquaredDeviationArguments(
                        channelBegin: range.lowerBound, channelEnd: range.upperBound, channelCount: channels,
                        positionCount: 3, input: state.input.reading, mean: state.mean.reading, program: program,
                        sums: sums.start, rootStride: channels + 5),
                    state.scratch.start)
            }
            let expected = state.expected(range) { sum, index, channel in
                let deviation = state.input.start[index] - state.mean.start[channel]
                sum = sum.addingProduct(deviation, deviation)
            }
            #expect(sums.bits == expected, "\(channels) channels")
            #expect(sums.isIntact && state.isIntact)
        }
    }

    @Test("Gradients of scale and shift have the bits of a naive tree", arguments: InstructionSet.supported)
    func gradients(_ set: InstructionSet) {
        var random = SeededGenerator(seed: 32)
        for (channels, range) in Self.ranges {
            let state = NormalizationSumCase(channels: channels, positions: 3, &random)
            let (shift, scale) = (state.sums(), state.sums())
            state.tree.withProgram { program in
                set.table.normalizationGradientSums(
                    NormalizationGradientSumArguments(
                        channelBegin: range.lowerBound, channelEnd: range.upperBound, channelCount: channels,
                        positionCount: 3, input: state.input.reading, mean: state.mean.reading,
                        inverseDeviation: state.inverseDeviation.reading, outputGradient: state.gradient.reading,
                        program: program, shiftGradient: shift.start, scaleGradient: scale.start,
                        rootStride: channels + 5),
                    state.scratch.start)
            }
            let expectedScale = state.expected(range) { sum, index, channel in
                let deviation = state.input.start[index] - state.mean.start[channel]
                sum = sum.addingProduct(
                    state.gradient.start[index], deviation * state.inverseDeviation.start[channel])
            }
            let expectedShift = state.expected(range) { sum, index, _ in sum += state.gradient.start[index] }
            #expect(scale.bits == expectedScale, "\(channels) channels")
            #expect(shift.bits == expectedShift, "\(channels) channels")
            #expect(shift.isIntact && scale.isIntact && state.isIntact)
        }
    }
}
