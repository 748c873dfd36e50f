import KernelInterface
import Kernels
import Testing

@Suite("Adam's update")
struct AdamUpdateTests {
    struct State {
        var parameters: [Float]
        var first: [Float]
        var second: [Float]
        var gradient: [Float]

        init(_ count: Int) {
            parameters = SeededRandomFloats.make(count, seed: 1)
            first = SeededRandomFloats.make(count, seed: 2)
            second = SeededRandomFloats.make(count, seed: 3).map { abs($0) }
            gradient = SeededRandomFloats.make(count, seed: 4).map { 100 * $0 }
            if count > 3 {
                (gradient[1], first[1], second[1]) = (0, 0, 0)
                // Subnormal already, or when divided by the size of the batch.
                (gradient[0], first[0], second[0]) = (-21 * .leastNonzeroMagnitude, 0, 0)
                gradient[3] = 1.7e-38
            }
        }
    }

    static let batchSize: Float = 96
    static let stepSize: Float = 0.00317
    static let beta1: Float = 0.9
    static let beta2: Float = 0.999
    static let epsilon: Float = 1e-7

    func run(
        _ table: KernelTable, _ state: State, batchSize: Float = Self.batchSize
    ) -> (bits: [[UInt32]], isIntact: Bool) {
        let memory = [state.parameters, state.first, state.second].map { FencedFloats($0, misalignment: 1) }
        let gradient = FencedFloats(state.gradient, misalignment: 2)
        table.adamUpdate(
            AdamArguments(
                count: state.parameters.count, parameters: memory[0].start, firstMoment: memory[1].start,
                secondMoment: memory[2].start, gradientSum: gradient.reading, batchSize: batchSize,
                stepSize: Self.stepSize, beta1: Self.beta1, beta2: Self.beta2, epsilon: Self.epsilon))
        return (memory.map(\.bits), gradient.isIntact && memory.allSatisfy(\.isIntact))
    }

    @Test(
        "Results have the bits of the documented order of operations", arguments: InstructionSet.supported,
        [Self.batchSize, 1, 64])
    func bits(_ set: InstructionSet, batchSize: Float) {
        for count in [0, 1, 3, 7, 8, 15, 16, 17, 33, 1000] {
            var state = State(count)
            let (bits, isIntact) = run(set.table, state, batchSize: batchSize)
            for index in 0..<count {
                let g = state.gradient[index] / batchSize
                let m = state.first[index].addingProduct(g - state.first[index], 1 - Self.beta1)
                let change = (-state.second[index]).addingProduct(g, g)
                let v = state.second[index].addingProduct(change, 1 - Self.beta2)
                state.parameters[index] -= Self.stepSize * m / (v.squareRoot() + Self.epsilon)
                (state.first[index], state.second[index]) = (m, v)
            }
            #expect(bits == [state.parameters, state.first, state.second].map { $0.map(\.bitPattern) })
            #expect(isIntact)
        }
    }

    @Test("The parameters follow the formula in Double", arguments: InstructionSet.supported)
    func accuracy(_ set: InstructionSet) {
        let state = State(500)
        let bits = run(set.table, state).bits
        for index in 0..<500 {
            let g = Double(state.gradient[index]) / Double(Self.batchSize)
            let m = 0.9 * Double(state.first[index]) + 0.1 * g
            let v = 0.999 * Double(state.second[index]) + 0.001 * g * g
            let p = Double(state.parameters[index]) - Double(Self.stepSize) * m / (v.squareRoot() + 1e-7)
            #expect(abs(Double(Float(bitPattern: bits[0][index])) - p) < 2e-6)
        }
    }

    @Test("Decay, penalties, clipping and other epsilons have documented bits", arguments: InstructionSet.supported)
    func variants(_ set: InstructionSet) {
        for count in UpdateCase.counts {
            let start = UpdateCase(count)
            for adjustment in UpdateCase.adjustments {
                for (decay, scale) in [(Float(0), Float(4.5)), (0.004, 1), (0.004, 4.5)] {
                    let (result, isIntact) = start.after { parameters, first, second, gradientSum in
                        set.table.adamUpdate(
                            AdamArguments(
                                count: count, parameters: parameters, firstMoment: first, secondMoment: second,
                                gradientSum: gradientSum, batchSize: UpdateCase.batchSize, stepSize: Self.stepSize,
                                beta1: Self.beta1, beta2: Self.beta2, epsilon: Self.epsilon, secondRootScale: scale,
                                weightDecay: decay, adjustment: adjustment))
                    }
                    var expected = start
                    for index in 0..<count {
                        let g = start.gradient(index, adjustment)
                        let m = start.first[index].addingProduct(g - start.first[index], 1 - Self.beta1)
                        let change = (-start.second[index]).addingProduct(g, g)
                        let v = start.second[index].addingProduct(change, 1 - Self.beta2)
                        let p = start.parameters[index]
                        let decayed = decay == 0 ? p : p.addingProduct(-decay, p)
                        expected.parameters[index] =
                            decayed - Self.stepSize * m / (v.squareRoot() * scale + Self.epsilon)
                        (expected.first[index], expected.second[index]) = (m, v)
                    }
                    #expect(result.bits == expected.bits, "\(count) elements, decay \(decay)")
                    #expect(isIntact)
                }
            }
        }
    }
}
