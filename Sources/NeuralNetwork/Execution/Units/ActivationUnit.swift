internal import KernelInterface

/// An activation that no layer's kernels apply. Softmax runs over the channels of each position.
final class ActivationUnit: ExecutionUnit {
    private let plan: ActivationPlan
    private let wiring: UnitWiring
    private let kernels: KernelTable

    init(_ plan: ActivationPlan, wiring: UnitWiring, kernels: KernelTable) {
        self.plan = plan
        self.wiring = wiring
        self.kernels = kernels
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let count = block.count * wiring.outputCount
        let input = wiring.input(of: block)
        let output = wiring.output + block.slot * wiring.outputCount
        switch plan.activation {
        case .linear:
            output.update(from: input, count: count)
        case .relu:
            output.update(from: input, count: count)
            kernels.reluForward(count, output)
        case .sigmoid: kernels.sigmoid(count, input, output)
        case .tanh: kernels.hyperbolicTangent(count, input, output)
        case .softmax: softmax(rowCount: block.count * plan.positionCount, input, output)
        }
    }

    private func softmax(rowCount: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>) {
        let rows = SoftmaxRows(count: rowCount, classCount: plan.channelCount)
        rows.exponentials(of: input, into: output, kernels)
        for row in 0..<rowCount { rows.divide(row, output, by: rows.sum(row, output)) }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient else { return }
        let offset = samples.lowerBound * wiring.outputCount
        let count = samples.count * wiring.outputCount
        let (output, gradient) = (wiring.output + offset, wiring.outputGradient + offset)
        let target = inputGradient + offset
        switch plan.activation {
        case .linear:
            target.update(from: gradient, count: count)
        case .relu:
            target.update(from: gradient, count: count)
            kernels.reluBackward(count, output, target)
        case .sigmoid:
            target.update(from: gradient, count: count)
            kernels.sigmoidBackward(count, output, target)
        case .tanh:
            target.update(from: gradient, count: count)
            kernels.hyperbolicTangentBackward(count, output, target)
        case .softmax:
            let rows = SoftmaxRows(count: samples.count * plan.positionCount, classCount: plan.channelCount)
            for row in 0..<rows.count { rows.backward(row, output, gradient, target) }
        }
    }
}
