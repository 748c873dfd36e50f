internal import KernelInterface

/// The matrix products that hidden and output dense units share. Weights are `[inputs, outputs]`.
struct DenseLayer: Sendable {
    /// Rows of a weight gradient that stay together: kernels work on tiles of rows.
    static let rowGranule = 28

    let plan: DensePlan
    let wiring: UnitWiring
    private let kernels: KernelTable

    init(_ plan: DensePlan, wiring: UnitWiring, kernels: KernelTable) {
        self.plan = plan
        self.wiring = wiring
        self.kernels = kernels
    }

    /// output[s, o] = b[o] + Σ_i x[s, i]·W[i, o], i ascending; then ReLU if the layer has it.
    func forward(_ block: SampleBlock, into output: UnsafeMutablePointer<Float>, _ context: ThreadContext) {
        let arguments = MatrixProductArguments(
            rowCount: block.count, columnCount: plan.outputCount, innerCount: plan.inputCount,
            a: wiring.input(of: block), aRowStride: plan.inputCount,
            b: context.parameters + plan.offsets.weight, bRowStride: plan.outputCount,
            c: output, cRowStride: plan.outputCount,
            start: .bias, bias: context.parameters + plan.offsets.bias, appliesReLU: plan.activation == .relu)
        kernels.matrixProduct(arguments, context.scratch)
    }

    /// Weight rows are split over the threads; the last thread sums the bias.
    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {
        let rows = evenSplit(
            plan.inputCount, parts: context.threadCount, index: context.thread, granule: Self.rowGranule)
        if !rows.isEmpty {
            let arguments = GradientProductArguments(
                rowBegin: rows.lowerBound, rowEnd: rows.upperBound, columnCount: plan.outputCount,
                x: wiring.input, xRowStride: plan.inputCount,
                outputGradient: wiring.outputGradient, outputGradientRowStride: plan.outputCount,
                program: target.program, gradient: target.gradient + plan.offsets.weight,
                rootStride: target.rootStride)
            kernels.gradientProduct(arguments, context.scratch)
        }
        if context.thread == context.threadCount - 1 {
            let arguments = ColumnSumArguments(
                columnCount: plan.outputCount, positionCount: 1, values: wiring.outputGradient,
                program: target.program, sums: target.gradient + plan.offsets.bias, rootStride: target.rootStride)
            kernels.columnSums(arguments, context.scratch)
        }
    }

    /// Each call packs the weights anew, and its result is read only after a barrier, from a farther cache in any case.
    static let inputGradientBlockFactor = 8

    /// inputGradient[s, i] = Σ_o outputGradient[s, o]·W[i, o], o ascending.
    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient else { return }
        let arguments = MatrixProductArguments(
            rowCount: samples.count, columnCount: plan.inputCount, innerCount: plan.outputCount,
            a: wiring.outputGradient + samples.lowerBound * plan.outputCount, aRowStride: plan.outputCount,
            b: context.parameters + plan.offsets.weight, bRowStride: plan.outputCount,
            c: inputGradient + samples.lowerBound * plan.inputCount, cRowStride: plan.inputCount, start: .zero)
        kernels.matrixProductTransposed(arguments, context.scratch)
    }
}
