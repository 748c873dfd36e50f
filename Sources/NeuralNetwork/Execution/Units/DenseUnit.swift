internal import KernelInterface

/// Dense, with ReLU or without: output = x·W + b.
final class DenseUnit: ExecutionUnit {
    private let layer: DenseLayer
    private let kernels: KernelTable

    init(_ plan: DensePlan, wiring: UnitWiring, kernels: KernelTable) {
        layer = DenseLayer(plan, wiring: wiring, kernels: kernels)
        self.kernels = kernels
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        layer.forward(block, into: layer.wiring.output + block.slot * layer.plan.outputCount, context)
    }

    func maskOutputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard layer.plan.activation == .relu else { return }
        let offset = samples.lowerBound * layer.plan.outputCount
        kernels.reluBackward(
            samples.count * layer.plan.outputCount, layer.wiring.output + offset, layer.wiring.outputGradient + offset)
    }

    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {
        layer.parameterGradient(target, context)
    }

    var inputGradientBlockFactor: Int { DenseLayer.inputGradientBlockFactor }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        layer.inputGradient(samples, context)
    }
}
