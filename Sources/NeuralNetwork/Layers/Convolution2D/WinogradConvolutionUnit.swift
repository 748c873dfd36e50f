internal import KernelInterface

/// Conv2D 3×3 by Winograd's algorithm, with ReLU or without, and with a 2×2 max-pooling behind it or without.
final class WinogradConvolutionUnit: ExecutionUnit {
    private let plan: ConvolutionPlan
    private let shape: WinogradShape
    private let wiring: UnitWiring
    private let kernels: KernelTable
    private let gradientSplit: ConvolutionGradientSplit
    private let windowIndex: AlignedBuffer<UInt8>?
    /// The weights at the points of the tiles.
    private let weights: AlignedBuffer<Float>
    private let transposedWeights: TransposedWeights?

    /// What the input gradient needs.
    private struct TransposedWeights {
        let flipped: AlignedBuffer<Float>
        let transformed: AlignedBuffer<Float>
    }

    init(_ plan: ConvolutionPlan, _ shape: WinogradShape, _ site: UnitSite) {
        self.plan = plan
        self.shape = shape
        wiring = site.wiring
        kernels = site.kernels
        gradientSplit = ConvolutionGradientSplit(
            plan, by: .inputChannels, threadCount: site.capacity.threadCount)
        windowIndex =
            shape.isPooled ? AlignedBuffer(count: site.capacity.sampleCount * shape.storedOutputCount) : nil
        weights = AlignedBuffer(count: shape.transformedWeightCount(isTransposed: false))
        transposedWeights =
            wiring.inputGradient == nil
            ? nil
            : TransposedWeights(
                flipped: AlignedBuffer(count: plan.shape.weightRowCount * plan.shape.outputChannels),
                transformed: AlignedBuffer(count: shape.transformedWeightCount(isTransposed: true)))
    }

    var inputGradientBlockFactor: Int { 4 }

    func preparePass(_ context: ThreadContext) {
        let source = context.parameters + plan.weight
        kernels.transformWinogradWeights(
            WinogradWeightArguments(
                shape: shape, weights: source, isTransposed: false, transformed: weights.pointer), context.scratch)
        guard context.training != nil, let transposedWeights else { return }
        let flipped = transposedWeights.flipped.pointer
        kernels.flipConvolutionWeights(plan.shape, source, flipped)
        kernels.transformWinogradWeights(
            WinogradWeightArguments(
                shape: shape, weights: flipped, isTransposed: true, transformed: transposedWeights.transformed.pointer),
            context.scratch)
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let arguments = WinogradForwardArguments(
            shape: shape, sampleCount: block.count, input: wiring.input(of: block),
            transformedWeights: weights.pointer, bias: context.parameters + plan.bias,
            output: wiring.output(of: block),
            windowIndex: windowIndex.map { $0.pointer + block.slot * shape.storedOutputCount },
            appliesReLU: plan.appliesReLU)
        kernels.winogradForward(arguments, context.scratch)
    }

    /// With pooling the kernels mask the gradient.
    func maskOutputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard plan.appliesReLU, !shape.isPooled else { return }
        let offset = samples.lowerBound * shape.storedOutputCount
        kernels.reluBackward(
            samples.count * shape.storedOutputCount, wiring.output + offset, wiring.outputGradient + offset)
    }

    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {
        gradientSplit.run(target, context) { channels, target in
            let arguments = WinogradWeightGradientArguments(
                shape: shape, channelBegin: channels.lowerBound, channelEnd: channels.upperBound, input: wiring.input,
                outputGradient: outputGradient(from: 0), program: target.program, gradient: target.gradient,
                rootStride: target.rootStride)
            kernels.winogradWeightGradient(arguments, context.scratch)
            if channels.lowerBound == 0 { biasGradient(target, context) }
        }
    }

    private func biasGradient(_ target: GradientTarget, _ context: ThreadContext) {
        let bias = target.gradient + (plan.bias - plan.weight)
        guard let windowIndex else {
            let sums = ColumnSumArguments(
                columnCount: shape.outputChannels, positionCount: shape.outputHeight * shape.outputWidth,
                values: wiring.outputGradient, program: target.program, sums: bias, rootStride: target.rootStride)
            kernels.columnSums(sums, context.scratch)
            return
        }
        let arguments = ConvolutionWeightGradientArguments(
            shape: plan.shape, rowBegin: 0, rowEnd: 0, input: wiring.input, outputGradient: wiring.outputGradient,
            windowIndex: windowIndex.pointer, program: target.program, gradient: target.gradient, biasGradient: bias,
            rootStride: target.rootStride)
        kernels.convolutionWeightGradientPooled(arguments, context.scratch)
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let transposedWeights, let inputGradient = wiring.inputGradient else { return }
        let arguments = WinogradInputGradientArguments(
            shape: shape, sampleCount: samples.count, outputGradient: outputGradient(from: samples.lowerBound),
            transformedWeights: transposedWeights.transformed.pointer,
            inputGradient: inputGradient + samples.lowerBound * shape.inputCount)
        kernels.winogradInputGradient(arguments, context.scratch)
    }

    private func outputGradient(from sample: Int) -> WinogradOutputGradient {
        let offset = sample * shape.storedOutputCount
        return WinogradOutputGradient(
            values: wiring.outputGradient + offset, windowIndex: windowIndex.map { UnsafePointer($0.pointer + offset) })
    }
}
