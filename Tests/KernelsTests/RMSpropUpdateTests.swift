import KernelInterface
import Kernels
import Testing

@Suite("RMSprop's update")
struct RMSpropUpdateTests {
    static let rate: Float = 0.0021
    static let rho: Float = 0.9
    static let momentum: Float = 0.8
    static let epsilon: Float = 1e-3

    /// The documented order of operations.
    private func expected(
        _ start: UpdateCase, hasVelocity: Bool, _ convention: OptimizerConvention, _ adjustment: GradientAdjustment
    ) -> UpdateCase {
        var state = start
        for index in start.parameters.indices {
            let g = start.gradient(index, adjustment)
            let v = (Self.rho * start.second[index]).addingProduct(g * g, 1 - Self.rho)
            state.second[index] = v
            let isKeras = convention == .keras
            var u = isKeras ? Self.rate * g / (v + Self.epsilon).squareRoot() : g / (v.squareRoot() + Self.epsilon)
            if hasVelocity {
                u = u.addingProduct(Self.momentum, start.first[index])
                state.first[index] = u
            }
            let p = start.parameters[index]
            state.parameters[index] = isKeras ? p - u : p.addingProduct(-Self.rate, u)
        }
        return state
    }

    @Test("Results have the bits of the documented order of operations", arguments: InstructionSet.supported)
    func bits(_ set: InstructionSet) {
        for count in UpdateCase.counts {
            let start = UpdateCase(count)
            for adjustment in UpdateCase.adjustments {
                for hasVelocity in [false, true] {
                    for convention in [OptimizerConvention.keras, .torch] {
                        let (result, isIntact) = start.after { parameters, first, second, gradientSum in
                            set.table.rmspropUpdate(
                                RMSpropArguments(
                                    count: count, parameters: parameters, secondMoment: second,
                                    velocity: hasVelocity ? first : nil, gradientSum: gradientSum,
                                    batchSize: UpdateCase.batchSize, learningRate: Self.rate, rho: Self.rho,
                                    epsilon: Self.epsilon, momentum: Self.momentum, convention: convention,
                                    adjustment: adjustment))
                        }
                        let reference = expected(start, hasVelocity: hasVelocity, convention, adjustment)
                        #expect(result.bits == reference.bits, "\(count), \(hasVelocity), \(convention)")
                        #expect(isIntact)
                    }
                }
            }
        }
    }
}
