import Foundation
import KernelInterface
import Kernels
import Testing

/// The error of `actual` in units of the last place of the exact value, subnormal results measured by the smallest
/// subnormal.
private func errorInUlp(_ actual: Float, _ exact: Double) -> Double {
    if exact.isNaN { return actual.isNaN ? 0 : .infinity }
    let nearest = Float(exact)
    if nearest.isInfinite || actual.isInfinite { return actual == nearest ? 0 : .infinity }
    return abs(Double(actual) - exact) / Double(nearest.ulp)
}

/// Floats whose bit patterns are `step` apart, from `begin` to `end`, both of one sign.
private func sweep(_ begin: Float, _ end: Float, step: UInt32) -> [Float] {
    stride(from: begin.bitPattern, through: end.bitPattern, by: Int(step)).map { Float(bitPattern: $0) }
}

private typealias Function = @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void

private func largestError(_ function: Function, _ inputs: [Float], _ exact: (Double) -> Double) -> Double {
    let x = FencedFloats(inputs, misalignment: 1)
    let y = FencedFloats(count: inputs.count, misalignment: 2)
    function(inputs.count, x.reading, y.start)
    #expect(y.isIntact && x.isIntact)
    var largest = 0.0
    for (index, input) in inputs.enumerated() {
        largest = max(largest, errorInUlp(y.start[index], exact(Double(input))))
    }
    return largest
}

private func results(_ function: Function, _ inputs: [Float]) -> [Float] {
    let x = FencedFloats(inputs)
    function(inputs.count, x.reading, x.start)
    return x.values
}

@Suite("Accuracy of exp, ln, sigmoid, tanh and x·Φ(x)")
struct FunctionAccuracyTests {
    /// The portable set calls the library for each multiply-add: a coarser sweep there.
    private func step(_ set: InstructionSet) -> UInt32 { set == .portable ? 9973 : 997 }

    @Test("exp is within 0.9 ulp where the result is normal, 1 ulp below", arguments: InstructionSet.supported)
    func exponential(_ set: InstructionSet) {
        let normal =
            sweep(1e-10, 88.7229, step: step(set)) + sweep(-1e-10, -87.33, step: step(set))
        #expect(largestError(set.table.exponential, normal) { exp($0) } <= 0.9)
        let subnormal = sweep(-87.33, -104.5, step: 101)
        #expect(largestError(set.table.exponential, subnormal) { exp($0) } <= 1)
    }

    @Test("exp of special values", arguments: InstructionSet.supported)
    func exponentialSpecial(_ set: InstructionSet) {
        let inputs: [Float] = [0, -0.0, .infinity, -.infinity, 88.73, -104.1, 1e38, -1e38, 0x1p-130]
        #expect(results(set.table.exponential, inputs) == [1, 1, .infinity, 0, .infinity, 0, .infinity, 0, 1])
        #expect(results(set.table.exponential, [.nan])[0].isNaN)
    }

    @Test("ln is within 1 ulp over all positive floats", arguments: InstructionSet.supported)
    func logarithm(_ set: InstructionSet) {
        let all = sweep(.leastNonzeroMagnitude, .greatestFiniteMagnitude, step: 10 * step(set))
        #expect(largestError(set.table.logarithm, all) { log($0) } <= 1)
        #expect(largestError(set.table.logarithm, sweep(0.5, 2.1, step: step(set) / 10)) { log($0) } <= 1)
    }

    @Test("ln of special values", arguments: InstructionSet.supported)
    func logarithmSpecial(_ set: InstructionSet) {
        let values = results(set.table.logarithm, [1, 0, -0.0, .infinity])
        #expect(values == [0, -.infinity, -.infinity, .infinity])
        #expect(values[0].sign == .plus)
        let invalid: [Float] = [-1, -.infinity, .nan, -.leastNonzeroMagnitude]
        #expect(results(set.table.logarithm, invalid).allSatisfy { $0.isNaN })
    }

    @Test("sigmoid is within 2 ulp", arguments: InstructionSet.supported)
    func sigmoid(_ set: InstructionSet) {
        let inputs = sweep(1e-10, 120, step: step(set)) + sweep(-1e-10, -120, step: step(set))
        #expect(largestError(set.table.sigmoid, inputs) { $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0)) } <= 2)
    }

    @Test("sigmoid of special values", arguments: InstructionSet.supported)
    func sigmoidSpecial(_ set: InstructionSet) {
        let inputs: [Float] = [0, -0.0, .infinity, -.infinity, 1e38, -1e38]
        #expect(results(set.table.sigmoid, inputs) == [0.5, 0.5, 1, 0, 1, 0])
        #expect(results(set.table.sigmoid, [.nan])[0].isNaN)
    }

    @Test("tanh is within 1.4 ulp", arguments: InstructionSet.supported)
    func hyperbolicTangent(_ set: InstructionSet) {
        let inputs = sweep(1e-10, 20, step: step(set)) + sweep(-1e-10, -20, step: step(set))
        #expect(largestError(set.table.hyperbolicTangent, inputs) { tanh($0) } <= 1.4)
        // Where the two formulas meet.
        #expect(largestError(set.table.hyperbolicTangent, sweep(0.55, 0.65, step: 37)) { tanh($0) } <= 1.4)
    }

    @Test("tanh of special values", arguments: InstructionSet.supported)
    func hyperbolicTangentSpecial(_ set: InstructionSet) {
        let tiny = Float.leastNonzeroMagnitude
        let inputs: [Float] = [0, -0.0, .infinity, -.infinity, 1e38, -1e38, tiny, -tiny]
        let expected: [Float] = [0, -0.0, 1, -1, 1, -1, tiny, -tiny]
        #expect(results(set.table.hyperbolicTangent, inputs).map(\.bitPattern) == expected.map(\.bitPattern))
        #expect(results(set.table.hyperbolicTangent, [.nan])[0].isNaN)
    }

    @Test("x·Φ(x) is within 6 ulp", arguments: InstructionSet.supported)
    func gaussianErrorLinear(_ set: InstructionSet) {
        let inputs = sweep(1e-10, 20, step: step(set)) + sweep(-1e-10, -20, step: step(set))
        #expect(largestError(set.table.gaussianErrorLinear, inputs) { $0 * erfc(-$0 / 2.0.squareRoot()) / 2 } <= 6)
    }

    @Test("x·Φ(x) of special values", arguments: InstructionSet.supported)
    func gaussianErrorLinearSpecial(_ set: InstructionSet) {
        let inputs: [Float] = [0, -0.0, .infinity, -.infinity, 1e38, -1e38]
        let expected: [Float] = [0, -0.0, .infinity, -0.0, 1e38, -0.0]
        #expect(results(set.table.gaussianErrorLinear, inputs).map(\.bitPattern) == expected.map(\.bitPattern))
        #expect(results(set.table.gaussianErrorLinear, [.nan])[0].isNaN)
    }

    @Test("the slope of x·Φ(x) is within 8·2⁻²⁴ of the size of its two terms", arguments: InstructionSet.supported)
    func gaussianErrorLinearBackward(_ set: InstructionSet) {
        let inputs = sweep(1e-10, 13, step: step(set)) + sweep(-1e-10, -13, step: step(set))
        let x = FencedFloats(inputs, misalignment: 1)
        let gradient = FencedFloats([Float](repeating: 1, count: inputs.count), misalignment: 2)
        set.table.gaussianErrorLinearBackward(inputs.count, x.reading, gradient.start)
        #expect(gradient.isIntact && x.isIntact)
        let errors = inputs.enumerated().map { index, input in
            let value = Double(input)
            let distribution = erfc(-value / 2.0.squareRoot()) / 2
            let product = value * exp(-value * value / 2) / (2 * Double.pi).squareRoot()
            return abs(Double(gradient.start[index]) - (distribution + product)) / (distribution + abs(product))
        }
        #expect((errors.max() ?? .infinity) <= 8 * 0x1p-24)
    }

    @Test("All sets give the same bits for exp, ln, sigmoid, tanh and x·Φ(x)")
    func sameBits() {
        let inputs = sweep(0, .infinity, step: 100_003) + sweep(-0.0, -.infinity, step: 100_003)
        func bits(_ function: Function) -> [UInt32] {
            results(function, inputs).map { ($0.isNaN ? Float.nan : $0).bitPattern }
        }
        let expected = InstructionSet.portable.table
        for set in InstructionSet.supported {
            #expect(bits(set.table.exponential) == bits(expected.exponential))
            #expect(bits(set.table.logarithm) == bits(expected.logarithm))
            #expect(bits(set.table.sigmoid) == bits(expected.sigmoid))
            #expect(bits(set.table.hyperbolicTangent) == bits(expected.hyperbolicTangent))
            #expect(bits(set.table.gaussianErrorLinear) == bits(expected.gaussianErrorLinear))
        }
    }
}
