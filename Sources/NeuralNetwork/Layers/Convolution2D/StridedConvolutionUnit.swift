internal import KernelInterface

/// A convolution with a stride, with a fused ReLU or without.
struct StridedConvolutionPlan: UnitPlan {
    let geometry: WindowGeometry
    let inputChannels: Int
    let filters: Int
    private(set) var appliesReLU = false
    let parameters: ParameterOffsets

    init(_ geometry: WindowGeometry, inputChannels: Int, filters: Int, parameters: ParameterOffsets) {
        self.geometry = geometry
        self.inputChannels = inputChannels
        self.filters = filters
        self.parameters = parameters
    }

    /// Output positions of a sample.
    var positionCount: Int { geometry.outputHeight * geometry.outputWidth }
    /// Floats under the kernel at one position.
    var patchCount: Int { geometry.window.height * geometry.window.width * inputChannels }

    var name: String { "Conv2D \(geometry.window.height)×\(geometry.window.width)×\(filters) strided" }
    var outputCount: Int { positionCount * filters }
    var offsets: ParameterOffsets? { parameters }
    var weight: Int { parameters[0] }
    var bias: Int { parameters[1] }
    var forwardFLOPsPerSample: Int { 2 * positionCount * patchCount * filters }
    var keepsOnlySigns: Bool { true }

    func applyingReLU() -> StridedConvolutionPlan {
        var plan = self
        plan.appliesReLU = true
        return plan
    }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        StridedConvolutionUnit(self, wiring: site.wiring, capacity: site.capacity, kernels: site.kernels)
    }
}

/// Conv2D with a stride: a matrix product of the patches under the kernel, which are kept for the weight gradient.
///
/// output[s, p, o] = b[o] + Σ patch[s, p, k]·W[k, o], k = (ky, kx, ci) ascending; the weight gradient sums over the
/// positions of a sample, then over samples in the order of the program. Memory: all patches of all samples.
final class StridedConvolutionUnit: ExecutionUnit {
    private let plan: StridedConvolutionPlan
    private let wiring: UnitWiring
    private let kernels: KernelTable
    private let patches: AlignedBuffer<Float>
    /// For each thread the program with positions in the place of samples.
    private let steps: AlignedBuffer<SummationStep>
    /// For each thread one sample's patch gradients.
    private let patchGradients: AlignedBuffer<Float>

    init(_ plan: StridedConvolutionPlan, wiring: UnitWiring, capacity: PassCapacity, kernels: KernelTable) {
        self.plan = plan
        self.wiring = wiring
        self.kernels = kernels
        let patchFloats = plan.positionCount * plan.patchCount
        patches = AlignedBuffer(count: capacity.sampleCount * patchFloats)
        steps = AlignedBuffer(count: capacity.threadCount * LeafSums.leafLimit)
        patchGradients = AlignedBuffer(count: wiring.inputGradient == nil ? 0 : capacity.threadCount * patchFloats)
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let patchFloats = plan.positionCount * plan.patchCount
        let base = patches.pointer + block.slot * patchFloats
        for sample in 0..<block.count {
            gather(wiring.input(of: block) + sample * wiring.inputCount, into: base + sample * patchFloats)
        }
        let arguments = MatrixProductArguments(
            rowCount: block.count * plan.positionCount, columnCount: plan.filters, innerCount: plan.patchCount,
            a: base, aRowStride: plan.patchCount, b: context.parameters + plan.weight,
            bRowStride: plan.filters, c: wiring.output(of: block), cRowStride: plan.filters,
            start: .bias, bias: context.parameters + plan.bias, appliesReLU: plan.appliesReLU)
        kernels.matrixProduct(arguments, context.scratch)
    }

    func maskOutputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard plan.appliesReLU else { return }
        let offset = samples.lowerBound * wiring.outputCount
        kernels.reluBackward(samples.count * wiring.outputCount, wiring.output + offset, wiring.outputGradient + offset)
    }

    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {
        let program = positionProgram(target.program, context)
        let rows = evenSplit(plan.patchCount, parts: context.threadCount, index: context.thread)
        if !rows.isEmpty {
            let arguments = GradientProductArguments(
                rowBegin: rows.lowerBound, rowEnd: rows.upperBound, columnCount: plan.filters, x: patches.pointer,
                xRowStride: plan.patchCount, outputGradient: wiring.outputGradient,
                outputGradientRowStride: plan.filters, program: program,
                gradient: target.gradient + plan.weight, rootStride: target.rootStride)
            kernels.gradientProduct(arguments, context.scratch)
        }
        if context.thread == context.threadCount - 1 {
            let arguments = ColumnSumArguments(
                columnCount: plan.filters, positionCount: plan.positionCount, values: wiring.outputGradient,
                program: target.program, sums: target.gradient + plan.bias, rootStride: target.rootStride)
            kernels.columnSums(arguments, context.scratch)
        }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient else { return }
        let gradients = patchGradients.pointer + context.thread * plan.positionCount * plan.patchCount
        for sample in samples {
            let arguments = MatrixProductArguments(
                rowCount: plan.positionCount, columnCount: plan.patchCount, innerCount: plan.filters,
                a: wiring.outputGradient + sample * wiring.outputCount, aRowStride: plan.filters,
                b: context.parameters + plan.weight, bRowStride: plan.filters, c: gradients,
                cRowStride: plan.patchCount, start: .zero)
            kernels.matrixProductTransposed(arguments, context.scratch)
            scatter(gradients, into: inputGradient + sample * wiring.inputCount)
        }
    }

    /// One sample's patches, `[positions, kernelHeight, kernelWidth, channels]`, zero outside the image.
    private func gather(_ image: UnsafePointer<Float>, into patches: UnsafeMutablePointer<Float>) {
        let channels = plan.inputChannels
        patches.update(repeating: 0, count: plan.positionCount * plan.patchCount)
        forEachTap { patch, pixel in
            (patches + patch).update(from: image + pixel, count: channels)
        }
    }

    /// Adds patch gradients up where their pixels are, positions ascending.
    private func scatter(_ patches: UnsafePointer<Float>, into image: UnsafeMutablePointer<Float>) {
        let channels = plan.inputChannels
        image.update(repeating: 0, count: wiring.inputCount)
        forEachTap { patch, pixel in
            for channel in 0..<channels { image[pixel + channel] += patches[patch + channel] }
        }
    }

    /// Calls `body` with the offset in the patches and in the image of each pixel under a kernel, inside the image.
    @inline(__always)
    private func forEachTap(_ body: (_ patch: Int, _ pixel: Int) -> Void) {
        let geometry = plan.geometry
        for y in 0..<geometry.outputHeight {
            for x in 0..<geometry.outputWidth {
                let patch = (y * geometry.outputWidth + x) * plan.patchCount
                let (top, left) = (
                    y * geometry.stride.height - geometry.padding.top, x * geometry.stride.width - geometry.padding.left
                )
                for ky in 0..<geometry.window.height where (0..<geometry.inputHeight).contains(top + ky) {
                    for kx in 0..<geometry.window.width where (0..<geometry.inputWidth).contains(left + kx) {
                        body(
                            patch + (ky * geometry.window.width + kx) * plan.inputChannels,
                            ((top + ky) * geometry.inputWidth + left + kx) * plan.inputChannels)
                    }
                }
            }
        }
    }

    private func positionProgram(_ program: SummationProgram, _ context: ThreadContext) -> SummationProgram {
        precondition(program.stepCount <= LeafSums.leafLimit, "a program has at most one step a micro-batch")
        let own = steps.pointer + context.thread * LeafSums.leafLimit
        let positions = Int32(truncatingIfNeeded: plan.positionCount)
        for index in 0..<program.stepCount {
            own[index] = program.steps[index]
            own[index].sampleBegin *= positions
            own[index].sampleEnd *= positions
        }
        return SummationProgram(steps: own, stepCount: program.stepCount)
    }
}
