internal import KernelInterface

/// 2×2 max-pooling where no convolution comes right before it.
final class MaxPoolUnit: ExecutionUnit {
    private let image: ImageShape
    private let wiring: UnitWiring
    private let windowIndex: AlignedBuffer<UInt8>
    private let kernels: KernelTable

    init(_ image: ImageShape, wiring: UnitWiring, sampleCapacity: Int, kernels: KernelTable) {
        self.image = image
        self.wiring = wiring
        self.kernels = kernels
        windowIndex = AlignedBuffer(count: sampleCapacity * wiring.outputCount)
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let arguments = MaxPoolArguments(
            sampleCount: block.count, inputHeight: image.height, inputWidth: image.width, channels: image.channels,
            input: wiring.input(of: block), output: wiring.output + block.slot * wiring.outputCount,
            windowIndex: windowIndex.pointer + block.slot * wiring.outputCount)
        kernels.maxPoolForward(arguments)
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient else { return }
        let offset = samples.lowerBound * wiring.outputCount
        let arguments = MaxPoolArguments(
            sampleCount: samples.count, inputHeight: image.height, inputWidth: image.width, channels: image.channels,
            windowIndex: windowIndex.pointer + offset, outputGradient: wiring.outputGradient + offset,
            inputGradient: inputGradient + samples.lowerBound * wiring.inputCount)
        kernels.maxPoolBackward(arguments)
    }
}
