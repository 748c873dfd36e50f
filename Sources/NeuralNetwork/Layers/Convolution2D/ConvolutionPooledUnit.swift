internal import KernelInterface

/// Conv2D, with ReLU or without, and the 2×2 max-pooling behind it: the unpooled output never goes to memory.
final class ConvolutionPooledUnit: ExecutionUnit {
    private let plan: ConvolutionPlan
    private let wiring: UnitWiring
    private let kernels: KernelTable
    private let parts: ConvolutionParts
    private let windowIndex: AlignedBuffer<UInt8>

    init(_ plan: ConvolutionPlan, _ site: UnitSite) {
        self.plan = plan
        wiring = site.wiring
        kernels = site.kernels
        parts = ConvolutionParts(plan, site)
        windowIndex = AlignedBuffer(count: site.capacity.sampleCount * plan.shape.pooledCount)
    }

    func preparePass(_ context: ThreadContext) {
        guard context.training != nil else { return }
        parts.inputGradient?.flipWeights(context.parameters)
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let arguments = ConvolutionForwardArguments(
            shape: plan.shape, sampleCount: block.count, input: parts.input.prepare(block),
            weights: context.parameters + plan.weight, bias: context.parameters + plan.bias,
            output: wiring.output(of: block), windowIndex: windowIndex.pointer + block.slot * plan.shape.pooledCount,
            appliesReLU: plan.appliesReLU)
        kernels.convolutionForwardPooled(arguments, context.scratch)
    }

    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {
        parts.gradientSplit.run(target, context) { rows, target in
            let arguments = ConvolutionWeightGradientArguments(
                shape: plan.shape, rowBegin: rows.lowerBound, rowEnd: rows.upperBound, input: parts.input.base,
                outputGradient: wiring.outputGradient, windowIndex: windowIndex.pointer, program: target.program,
                gradient: target.gradient, biasGradient: target.gradient + (plan.bias - plan.weight),
                rootStride: target.rootStride)
            kernels.convolutionWeightGradientPooled(arguments, context.scratch)
        }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let gradientOfInput = parts.inputGradient, let inputGradient = wiring.inputGradient else { return }
        let offset = samples.lowerBound * plan.shape.pooledCount
        gradientOfInput.computePooled(
            count: samples.count, windowIndex: windowIndex.pointer + offset,
            outputGradient: wiring.outputGradient + offset,
            inputGradient: inputGradient + samples.lowerBound * wiring.inputCount, context)
    }
}
