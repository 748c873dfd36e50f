import KernelInterface
import Kernels
import Testing

@Suite("Nadam's update")
struct NadamUpdateTests {
    static let (momentumScale, gradientScale): (Float, Float) = (0.0017, 0.0006)
    static let (beta1, beta2): (Float, Float) = (0.9, 0.999)
    static let (secondRootScale, epsilon): (Float, Float) = (1.7, 1e-3)

    /// The documented order of operations.
    private func expected(_ start: UpdateCase, _ adjustment: GradientAdjustment) -> UpdateCase {
        var state = start
        for index in start.parameters.indices {
            let g = start.gradient(index, adjustment)
            let m = start.first[index].addingProduct(g - start.first[index], 1 - Self.beta1)
            let change = (-start.second[index]).addingProduct(g, g)
            let v = start.second[index].addingProduct(change, 1 - Self.beta2)
            let step = (Self.momentumScale * m).addingProduct(Self.gradientScale, g)
            state.first[index] = m
            state.second[index] = v
            state.parameters[index] -= step / (v.squareRoot() * Self.secondRootScale + Self.epsilon)
        }
        return state
    }

    @Test("Results have the bits of the documented order of operations", arguments: InstructionSet.supported)
    func bits(_ set: InstructionSet) {
        for count in UpdateCase.counts {
            let start = UpdateCase(count)
            for adjustment in UpdateCase.adjustments {
                let (result, isIntact) = start.after { parameters, first, second, gradientSum in
                    set.table.nadamUpdate(
                        NadamArguments(
                            count: count, parameters: parameters, firstMoment: first, secondMoment: second,
                            gradientSum: gradientSum, batchSize: UpdateCase.batchSize,
                            momentumScale: Self.momentumScale, gradientScale: Self.gradientScale,
                            secondRootScale: Self.secondRootScale, beta1: Self.beta1, beta2: Self.beta2,
                            epsilon: Self.epsilon, adjustment: adjustment))
                }
                #expect(result.bits == expected(start, adjustment).bits, "\(count)")
                #expect(isIntact)
            }
        }
    }
}
