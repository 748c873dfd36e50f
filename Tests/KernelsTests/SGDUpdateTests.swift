import KernelInterface
import Kernels
import Testing

@Suite("Updates by gradient descent")
struct SGDUpdateTests {
    static let rate: Float = 0.013
    static let momentum: Float = 0.9

    /// The documented order of operations.
    private func expected(
        _ start: UpdateCase, hasVelocity: Bool, nesterov: Bool, _ convention: OptimizerConvention,
        _ adjustment: GradientAdjustment
    ) -> UpdateCase {
        var state = start
        for index in start.parameters.indices {
            let g = start.gradient(index, adjustment)
            let p = start.parameters[index]
            guard hasVelocity else {
                state.parameters[index] = p.addingProduct(-Self.rate, g)
                continue
            }
            switch convention {
            case .keras:
                let descent = -(Self.rate * g)
                let v = descent.addingProduct(Self.momentum, start.first[index])
                state.first[index] = v
                state.parameters[index] = p + (nesterov ? descent.addingProduct(Self.momentum, v) : v)
            case .torch:
                let v = g.addingProduct(Self.momentum, start.first[index])
                state.first[index] = v
                state.parameters[index] = p.addingProduct(-Self.rate, nesterov ? g.addingProduct(Self.momentum, v) : v)
            }
        }
        return state
    }

    @Test("Results have the bits of the documented order of operations", arguments: InstructionSet.supported)
    func bits(_ set: InstructionSet) {
        for count in UpdateCase.counts {
            let start = UpdateCase(count)
            for adjustment in UpdateCase.adjustments {
                for (hasVelocity, nesterov) in [(false, false), (true, false), (true, true)] {
                    for convention in [OptimizerConvention.keras, .torch] {
                        let (result, isIntact) = start.after { parameters, first, _, gradientSum in
                            set.table.sgdUpdate(
                                SGDArguments(
                                    count: count, parameters: parameters, velocity: hasVelocity ? first : nil,
                                    gradientSum: gradientSum, batchSize: UpdateCase.batchSize,
                                    learningRate: Self.rate, momentum: Self.momentum, usesNesterov: nesterov,
                                    convention: convention, adjustment: adjustment))
                        }
                        let reference = expected(
                            start, hasVelocity: hasVelocity, nesterov: nesterov, convention, adjustment)
                        #expect(result.bits == reference.bits, "\(count), \(hasVelocity), \(nesterov), \(convention)")
                        #expect(isIntact)
                    }
                }
            }
        }
    }

    @Test("With a constant learning rate both conventions walk the same way", arguments: [false, true])
    func conventions(nesterov: Bool) {
        let table = InstructionSet.supported.last?.table ?? InstructionSet.portable.table
        func train(_ convention: OptimizerConvention) -> [Float] {
            var state = UpdateCase(40)
            state.first = [Float](repeating: 0, count: 40)
            for _ in 0..<5 {
                state =
                    state.after { parameters, first, _, gradientSum in
                        table.sgdUpdate(
                            SGDArguments(
                                count: 40, parameters: parameters, velocity: first, gradientSum: gradientSum,
                                batchSize: UpdateCase.batchSize, learningRate: Self.rate, momentum: Self.momentum,
                                usesNesterov: nesterov, convention: convention))
                    }.result
            }
            return state.parameters
        }
        #expect(zip(train(.keras), train(.torch)).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(train(.keras) != UpdateCase(40).parameters)
    }
}
