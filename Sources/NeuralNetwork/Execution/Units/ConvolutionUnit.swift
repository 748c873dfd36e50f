internal import KernelInterface

/// Conv2D, with ReLU or without, that no pooling follows.
final class ConvolutionUnit: ExecutionUnit {
    private let plan: ConvolutionPlan
    private let wiring: UnitWiring
    private let kernels: KernelTable
    private let input: ConvolutionInput
    private let gradientSplit: ConvolutionGradientSplit
    private let gradientOfInput: ConvolutionInputGradient?

    init(_ plan: ConvolutionPlan, wiring: UnitWiring, capacity: PassCapacity, kernels: KernelTable) {
        self.plan = plan
        self.wiring = wiring
        self.kernels = kernels
        input = ConvolutionInput(plan, wiring: wiring, sampleCapacity: capacity.sampleCount)
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
            weights: context.parameters + plan.offsets.weight, bias: context.parameters + plan.offsets.bias,
            output: wiring.output + block.slot * plan.shape.outputCount, appliesReLU: plan.appliesReLU)
        kernels.convolutionForward(arguments, context.scratch)
    }

    func maskOutputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard plan.appliesReLU else { return }
        let offset = samples.lowerBound * plan.shape.outputCount
        kernels.reluBackward(
            samples.count * plan.shape.outputCount, wiring.output + offset, wiring.outputGradient + offset)
    }

    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {
        gradientSplit.run(target, context) { rows, target in
            let arguments = ConvolutionWeightGradientArguments(
                shape: plan.shape, rowBegin: rows.lowerBound, rowEnd: rows.upperBound, input: input.base,
                outputGradient: wiring.outputGradient, program: target.program, gradient: target.gradient,
                rootStride: target.rootStride)
            kernels.convolutionWeightGradient(arguments, context.scratch)
            guard rows.lowerBound == 0 else { return }
            let sums = ColumnSumArguments(
                columnCount: plan.shape.outputChannels,
                positionCount: plan.shape.outputHeight * plan.shape.outputWidth, values: wiring.outputGradient,
                program: target.program, sums: target.gradient + (plan.offsets.bias - plan.offsets.weight),
                rootStride: target.rootStride)
            kernels.columnSums(sums, context.scratch)
        }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let gradientOfInput, let inputGradient = wiring.inputGradient else { return }
        gradientOfInput.compute(
            count: samples.count, outputGradient: wiring.outputGradient + samples.lowerBound * wiring.outputCount,
            inputGradient: inputGradient + samples.lowerBound * wiring.inputCount, context)
    }
}
