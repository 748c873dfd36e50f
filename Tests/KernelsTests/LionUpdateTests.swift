import KernelInterface
import Kernels
import Testing

@Suite("Lion's update")
struct LionUpdateTests {
    static let rate: Float = 0.0021
    static let (beta1, beta2): (Float, Float) = (0.9, 0.99)

    /// The documented order of operations.
    private func expected(_ start: UpdateCase, decay: Float, _ adjustment: GradientAdjustment) -> UpdateCase {
        var state = start
        for index in start.parameters.indices {
            let g = start.gradient(index, adjustment)
            let m = start.first[index]
            let c = m.addingProduct(g - m, 1 - Self.beta1)
            let p = start.parameters[index].addingProduct(-decay, start.parameters[index])
            state.parameters[index] = p - Self.rate * (c > 0 ? 1 : c < 0 ? -1 : 0)
            state.first[index] = m.addingProduct(g - m, 1 - Self.beta2)
        }
        return state
    }

    @Test("Results have the bits of the documented order of operations", arguments: InstructionSet.supported)
    func bits(_ set: InstructionSet) {
        for count in UpdateCase.counts {
            let start = UpdateCase(count)
            for adjustment in UpdateCase.adjustments {
                for decay in [0, 0.003] as [Float] {
                    let (result, isIntact) = start.after { parameters, first, _, gradientSum in
                        set.table.lionUpdate(
                            LionArguments(
                                count: count, parameters: parameters, firstMoment: first, gradientSum: gradientSum,
                                batchSize: UpdateCase.batchSize, learningRate: Self.rate, beta1: Self.beta1,
                                beta2: Self.beta2, weightDecay: decay, adjustment: adjustment))
                    }
                    #expect(result.bits == expected(start, decay: decay, adjustment).bits, "\(count), \(decay)")
                    #expect(isIntact)
                }
            }
        }
    }
}
