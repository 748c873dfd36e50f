internal import KernelInterface

/// A convolution with stride 1, with a fused ReLU and 2×2 pooling or without.
struct ConvolutionPlan: UnitPlan {
    /// The shape with the padding already in its input.
    let shape: ConvolutionShape
    /// Zeros around the image that "same" padding adds.
    let padding: ImagePadding
    private(set) var appliesReLU = false
    private(set) var isPooled = false
    let parameters: ParameterOffsets

    init(_ geometry: WindowGeometry, inputChannels: Int, filters: Int, parameters: ParameterOffsets) {
        padding = geometry.padding
        shape = ConvolutionShape(
            inputHeight: geometry.paddedHeight, inputWidth: geometry.paddedWidth, inputChannels: inputChannels,
            kernelHeight: geometry.window.height, kernelWidth: geometry.window.width, outputChannels: filters)
        self.parameters = parameters
    }

    var name: String {
        "Conv2D \(shape.kernelHeight)×\(shape.kernelWidth)×\(shape.outputChannels)"
            + (isPooled ? " + MaxPool2D" : "")
    }
    var outputCount: Int { isPooled ? shape.pooledCount : shape.outputCount }
    var offsets: ParameterOffsets? { parameters }
    var weight: Int { parameters[0] }
    var bias: Int { parameters[1] }
    var forwardFLOPsPerSample: Int { 2 * shape.outputCount * shape.weightRowCount }
    var keepsOnlySigns: Bool { true }

    func applyingReLU() -> ConvolutionPlan {
        var plan = self
        plan.appliesReLU = true
        return plan
    }

    func pooled() -> ConvolutionPlan {
        var plan = self
        plan.isPooled = true
        return plan
    }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        switch ConvolutionAlgorithm(shape, padding: padding, isPooled: isPooled) {
        case .winograd(let shape): WinogradConvolutionUnit(self, shape, site)
        case .direct: isPooled ? ConvolutionPooledUnit(self, site) : ConvolutionUnit(self, site)
        }
    }
}

/// Conv2D, with ReLU or without, that no pooling follows.
final class ConvolutionUnit: ExecutionUnit {
    private let plan: ConvolutionPlan
    private let wiring: UnitWiring
    private let kernels: KernelTable
    private let parts: ConvolutionParts

    init(_ plan: ConvolutionPlan, _ site: UnitSite) {
        self.plan = plan
        wiring = site.wiring
        kernels = site.kernels
        parts = ConvolutionParts(plan, site)
    }

    func preparePass(_ context: ThreadContext) {
        guard context.training != nil else { return }
        parts.inputGradient?.flipWeights(context.parameters)
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let arguments = ConvolutionForwardArguments(
            shape: plan.shape, sampleCount: block.count, input: parts.input.prepare(block),
            weights: context.parameters + plan.weight, bias: context.parameters + plan.bias,
            output: wiring.output(of: block), appliesReLU: plan.appliesReLU)
        kernels.convolutionForward(arguments, context.scratch)
    }

    func maskOutputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard plan.appliesReLU else { return }
        let offset = samples.lowerBound * plan.shape.outputCount
        kernels.reluBackward(
            samples.count * plan.shape.outputCount, wiring.output + offset, wiring.outputGradient + offset)
    }

    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {
        parts.gradientSplit.run(target, context) { rows, target in
            let arguments = ConvolutionWeightGradientArguments(
                shape: plan.shape, rowBegin: rows.lowerBound, rowEnd: rows.upperBound, input: parts.input.base,
                outputGradient: wiring.outputGradient, program: target.program, gradient: target.gradient,
                rootStride: target.rootStride)
            kernels.convolutionWeightGradient(arguments, context.scratch)
            guard rows.lowerBound == 0 else { return }
            let sums = ColumnSumArguments(
                columnCount: plan.shape.outputChannels,
                positionCount: plan.shape.outputHeight * plan.shape.outputWidth, values: wiring.outputGradient,
                program: target.program, sums: target.gradient + (plan.bias - plan.weight),
                rootStride: target.rootStride)
            kernels.columnSums(sums, context.scratch)
        }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let gradientOfInput = parts.inputGradient, let inputGradient = wiring.inputGradient else { return }
        gradientOfInput.compute(
            count: samples.count, outputGradient: wiring.outputGradient + samples.lowerBound * wiring.outputCount,
            inputGradient: inputGradient + samples.lowerBound * wiring.inputCount, context)
    }
}

/// What a convolution has with fused pooling and without.
struct ConvolutionParts {
    let input: ConvolutionInput
    let gradientSplit: ConvolutionGradientSplit
    /// Nil where no gradient of the input is needed.
    let inputGradient: ConvolutionInputGradient?

    init(_ plan: ConvolutionPlan, _ site: UnitSite) {
        let (wiring, capacity) = (site.wiring, site.capacity)
        input = ConvolutionInput(plan, wiring: wiring, sampleCapacity: capacity.sampleCount)
        gradientSplit = ConvolutionGradientSplit(plan, by: .weightRows, threadCount: capacity.threadCount)
        inputGradient =
            wiring.inputGradient == nil
            ? nil
            : ConvolutionInputGradient(
                plan, threadCount: capacity.threadCount, blockCapacity: capacity.blockSampleCount,
                kernels: site.kernels)
    }
}

/// The input in the form that the kernels need: the unit's own input, or for "same" padding a padded copy of it.
final class ConvolutionInput: Sendable {
    private let plan: ConvolutionPlan
    private let wiring: UnitWiring
    private let padded: AlignedBuffer<Float>?

    init(_ plan: ConvolutionPlan, wiring: UnitWiring, sampleCapacity: Int) {
        self.plan = plan
        self.wiring = wiring
        padded = plan.padding.isEmpty ? nil : AlignedBuffer(count: sampleCapacity * plan.shape.inputCount)
    }

    /// The first sample's input in training.
    var base: UnsafePointer<Float> {
        padded.map { UnsafePointer($0.pointer) } ?? wiring.input
    }

    /// The block's input, copied and padded if needed.
    func prepare(_ block: SampleBlock) -> UnsafePointer<Float> {
        let source = wiring.input(of: block)
        guard let padded else { return source }
        let target = padded.pointer + block.slot * plan.shape.inputCount
        let padding = plan.padding
        for sample in 0..<block.count {
            padding.copy(
                source + sample * wiring.inputCount, height: plan.shape.inputHeight - padding.top - padding.bottom,
                width: plan.shape.inputWidth - padding.left - padding.right, channels: plan.shape.inputChannels,
                into: target + sample * plan.shape.inputCount)
        }
        return UnsafePointer(target)
    }
}
