import KernelInterface
import Kernels
import TestSupport
import Testing

/// Sums terms in the documented order: 16 lanes, then by halves.
private func sumInLanes(_ terms: [Double]) -> Double {
    var lanes = [Double](repeating: 0, count: 16)
    for (index, term) in terms.enumerated() { lanes[index % 16] += term }
    for half in [8, 4, 2, 1] {
        for lane in 0..<half { lanes[lane] += lanes[lane + half] }
    }
    return lanes[0]
}

@Suite("Sums for norms and penalties")
struct NormTests {
    static let counts = [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 1000]

    @Test("Σ x² and Σ |x| have the bits of the documented order", arguments: InstructionSet.supported)
    func plain(_ set: InstructionSet) {
        var random = SeededGenerator(seed: 3)
        for count in Self.counts {
            let values = random.floats(count).map { $0 * 1e30 }
            let x = FencedFloats(values, misalignment: 1)
            let squares = sumInLanes(values.map { Double($0) * Double($0) })
            #expect(set.table.sumOfSquares(count, x.reading) == squares)
            #expect(set.table.sumOfMagnitudes(count, x.reading) == sumInLanes(values.map { abs(Double($0)) }))
            #expect(x.isIntact)
        }
    }

    @Test("The gradient's norm counts both penalties and no clipping", arguments: InstructionSet.supported)
    func gradient(_ set: InstructionSet) {
        var random = SeededGenerator(seed: 4)
        for count in Self.counts {
            var parameters = random.floats(count)
            if count > 1 { (parameters[0], parameters[1]) = (0, -0.0) }
            let sums = random.floats(count).map { 50 * $0 }
            for (l1, l2) in [(Float(0), Float(0)), (0.01, 0), (0, 0.003), (0.02, 0.001)] {
                let adjustment = GradientAdjustment(clipFactor: 0.5, l1: l1, l2: l2)
                let memory = FencedFloats(parameters, misalignment: 1)
                let gradientSum = FencedFloats(sums, misalignment: 2)
                let actual = set.table.sumOfGradientSquares(
                    GradientNormArguments(
                        count: count, parameters: memory.reading, gradientSum: gradientSum.reading, batchSize: 48,
                        adjustment: adjustment))
                let terms = (0..<count).map { index in
                    let g = Double(adjustedGradient(sums[index], parameters[index], 48, l1: l1, l2: l2))
                    return g * g
                }
                #expect(actual == sumInLanes(terms))
            }
        }
    }
}

/// An element of the gradient as `GradientAdjustment` documents it.
func adjustedGradient(
    _ sum: Float, _ parameter: Float, _ batchSize: Float, l1: Float = 0, l2: Float = 0, clipFactor: Float = 1
) -> Float {
    var g = sum / batchSize
    if l1 != 0 || l2 != 0 {
        g = g.addingProduct(2 * l2, parameter)
        g = g.addingProduct(l1, parameter > 0 ? 1 : parameter < 0 ? -1 : 0)
    }
    return clipFactor == 1 ? g : g * clipFactor
}
