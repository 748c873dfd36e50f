internal import KernelInterface

/// Conv2D, with ReLU or without, and the 2×2 max-pooling behind it: the unpooled output never goes to memory.
final class ConvolutionPooledUnit: ExecutionUnit {
    private let plan: ConvolutionPlan
    private let wiring: UnitWiring
    private let kernels: KernelTable
    private let input: ConvolutionInput
    private let windowIndex: AlignedBuffer<UInt8>
    private let gradientSplit: ConvolutionGradientSplit
    private let gradientOfInput: ConvolutionInputGradient?

    init(_ plan: ConvolutionPlan, wiring: UnitWiring, capacity: PassCapacity, kernels: KernelTable) {
        self.plan = plan
        self.wiring = wiring
        self.kernels = kernels
        input = ConvolutionInput(plan, wiring: wiring, sampleCapacity: capacity.sampleCount)
        windowIndex = AlignedBuffer(count: capacity.sampleCount * plan.shape.pooledCount)
        gradientSplit = ConvolutionGradientSplit(plan, threadCount: capacity.threadCount)
        gradientOfInput =
            wiring.inputGradient == nil
            ? nil
            : ConvolutionInputGradient(
                plan, threadCount: capacity.threadCount, blockCapacity: capacity.blockSampleCount, kernels: kernels)
    }

    func prepareStep(_ context: ThreadContext) {
        gradientOfInput?.flipWeights(context.parameters)
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let arguments = ConvolutionForwardArguments(
            shape: plan.shape, sampleCount: block.count, input: input.prepare(block),
            weights: context.parameters + plan.weight, bias: context.parameters + plan.bias,
            output: wiring.output(of: block), windowIndex: windowIndex.pointer + block.slot * plan.shape.pooledCount,
            appliesReLU: plan.appliesReLU)
        kernels.convolutionForwardPooled(arguments, context.scratch)
    }

    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {
        gradientSplit.run(target, context) { rows, target in
            let arguments = ConvolutionWeightGradientArguments(
                shape: plan.shape, rowBegin: rows.lowerBound, rowEnd: rows.upperBound, input: input.base,
                outputGradient: wiring.outputGradient, windowIndex: windowIndex.pointer,
                pooledOutput: plan.appliesReLU ? UnsafePointer(wiring.output) : nil, program: target.program,
                gradient: target.gradient, biasGradient: target.gradient + (plan.bias - plan.weight),
                rootStride: target.rootStride)
            kernels.convolutionWeightGradientPooled(arguments, context.scratch)
        }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let gradientOfInput, let inputGradient = wiring.inputGradient else { return }
        let offset = samples.lowerBound * plan.shape.pooledCount
        gradientOfInput.computePooled(
            count: samples.count, pooledOutput: plan.appliesReLU ? UnsafePointer(wiring.output + offset) : nil,
            windowIndex: windowIndex.pointer + offset, outputGradient: wiring.outputGradient + offset,
            inputGradient: inputGradient + samples.lowerBound * wiring.inputCount, context)
    }
}
