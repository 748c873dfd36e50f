internal import KernelInterface

/// The input gradient of a convolution: itself a valid convolution, of the output gradient with zeros around it, by the
/// flipped weights.
///
/// For the gradient of exactly the unpadded image, the zeros on each side are kernel − 1 less the forward padding of
/// that side.
final class ConvolutionInputGradient: Sendable {
    private let plan: ConvolutionPlan
    private let padding: ImagePadding
    private let shape: ConvolutionShape
    private let flippedWeights: AlignedBuffer<Float>
    /// For each thread one block of padded output gradients; the borders stay zero.
    private let padded: AlignedBuffer<Float>
    /// For each thread one block of output gradients before padding, where pooling has to be undone first.
    private let unpooled: AlignedBuffer<Float>?
    private let blockCapacity: Int
    private let kernels: KernelTable

    init(_ plan: ConvolutionPlan, threadCount: Int, blockCapacity: Int, kernels: KernelTable) {
        let forward = plan.shape
        let padding = ImagePadding(
            top: forward.kernelHeight - 1 - plan.padding.top, left: forward.kernelWidth - 1 - plan.padding.left,
            bottom: forward.kernelHeight - 1 - plan.padding.bottom, right: forward.kernelWidth - 1 - plan.padding.right)
        shape = ConvolutionShape(
            inputHeight: forward.outputHeight + padding.top + padding.bottom,
            inputWidth: forward.outputWidth + padding.left + padding.right, inputChannels: forward.outputChannels,
            kernelHeight: forward.kernelHeight, kernelWidth: forward.kernelWidth,
            outputChannels: forward.inputChannels)
        self.plan = plan
        self.padding = padding
        self.blockCapacity = blockCapacity
        self.kernels = kernels
        flippedWeights = AlignedBuffer(count: forward.weightRowCount * forward.outputChannels)
        padded = AlignedBuffer(count: padding.isEmpty ? 0 : threadCount * blockCapacity * shape.inputCount)
        unpooled = plan.isPooled ? AlignedBuffer(count: threadCount * blockCapacity * forward.outputCount) : nil
    }

    /// Flips the weights for this step. One thread does it; a barrier must follow.
    func flipWeights(_ parameters: UnsafePointer<Float>) {
        kernels.flipConvolutionWeights(plan.shape, parameters + plan.weight, flippedWeights.pointer)
    }

    /// For at most `blockCapacity` samples: from the gradient of the sums, `[count, outputHeight, outputWidth,
    /// outputChannels]`.
    func compute(
        count: Int, outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>,
        _ context: ThreadContext
    ) {
        var source = outputGradient
        if !padding.isEmpty {
            let target = padded.pointer + context.thread * blockCapacity * shape.inputCount
            for sample in 0..<count {
                padding.copy(
                    outputGradient + sample * plan.shape.outputCount, height: plan.shape.outputHeight,
                    width: plan.shape.outputWidth, channels: plan.shape.outputChannels,
                    into: target + sample * shape.inputCount)
            }
            source = UnsafePointer(target)
        }
        let arguments = ConvolutionForwardArguments(
            shape: shape, sampleCount: count, input: source, weights: flippedWeights.pointer, bias: nil,
            output: inputGradient, appliesReLU: false)
        kernels.convolutionForward(arguments, context.scratch)
    }

    /// For at most `blockCapacity` samples: from the gradient of the pooled output.
    func computePooled(
        count: Int, windowIndex: UnsafeMutablePointer<UInt8>, outputGradient: UnsafePointer<Float>,
        inputGradient: UnsafeMutablePointer<Float>, _ context: ThreadContext
    ) {
        guard let unpooled else { preconditionFailure("the unit has no pooling") }
        let target = unpooled.pointer + context.thread * blockCapacity * plan.shape.outputCount
        let arguments = MaxPoolArguments(
            sampleCount: count, inputHeight: plan.shape.outputHeight, inputWidth: plan.shape.outputWidth,
            channels: plan.shape.outputChannels, windowIndex: windowIndex, outputGradient: outputGradient,
            inputGradient: target)
        kernels.maxPoolBackward(arguments)
        compute(count: count, outputGradient: target, inputGradient: inputGradient, context)
    }
}
