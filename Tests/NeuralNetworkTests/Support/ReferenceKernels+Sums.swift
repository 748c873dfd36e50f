import KernelInterface

extension ReferenceKernels {
    /// Runs a summation program for one element: `addSample` adds a sample's terms to a sum. Calls `store` for each
    /// root.
    static func run(
        _ program: SummationProgram, addSample: (Int, inout Float) -> Void, store: (_ root: Int, Float) -> Void
    ) {
        var stack: [Float] = []
        for index in 0..<program.stepCount {
            let step = program.steps[index]
            var sum: Float = 0
            for sample in step.sampleBegin..<step.sampleEnd { addSample(Int(sample), &sum) }
            for _ in 0..<step.mergeCount { sum = stack.removeLast() + sum }
            if step.rootIndex >= 0 { store(Int(step.rootIndex), sum) } else { stack.append(sum) }
        }
    }

    static func gradientProduct(_ a: GradientProductArguments, _ scratch: KernelTable.Scratch) {
        for row in a.rowBegin..<a.rowEnd {
            for column in 0..<a.columnCount {
                run(a.program) { sample, sum in
                    let gradient = a.outputGradient[sample * a.outputGradientRowStride + column]
                    sum = sum.addingProduct(a.x[sample * a.xRowStride + row], gradient)
                } store: { root, sum in
                    a.gradient[root * a.rootStride + row * a.columnCount + column] = sum
                }
            }
        }
    }

    static func columnSums(_ a: ColumnSumArguments, _ scratch: KernelTable.Scratch) {
        for column in a.columnBegin..<a.columnEnd {
            run(a.program) { sample, sum in
                for position in 0..<a.positionCount {
                    sum += a.values[(sample * a.positionCount + position) * a.columnCount + column]
                }
            } store: { root, sum in
                a.sums[root * a.rootStride + column] = sum
            }
        }
    }

    static func convolutionWeightGradient(_ a: ConvolutionWeightGradientArguments, _ scratch: KernelTable.Scratch) {
        weightGradient(a, height: a.shape.outputHeight, width: a.shape.outputWidth) { _, y, x in (y, x) }
    }

    static func convolutionWeightGradientPooled(
        _ a: ConvolutionWeightGradientArguments, _ scratch: KernelTable.Scratch
    ) {
        weightGradient(a, height: a.shape.pooledHeight, width: a.shape.pooledWidth) { index, y, x in
            guard let index = a.windowIndex?[index], index != noWindowPlace else { return nil }
            let place = Int(index)
            return (2 * y + place / 2, 2 * x + place % 2)
        }
    }

    /// `place` maps an element of the output gradient to the position in the unpooled output, or to nil if it
    /// contributes nothing.
    private static func weightGradient(
        _ a: ConvolutionWeightGradientArguments, height: Int, width: Int, place: (Int, Int, Int) -> (Int, Int)?
    ) {
        let (shape, channels) = (a.shape, a.shape.outputChannels)
        for row in a.rowBegin..<a.rowEnd {
            let (position, inputChannel) = row.quotientAndRemainder(dividingBy: shape.inputChannels)
            let (ky, kx) = position.quotientAndRemainder(dividingBy: shape.kernelWidth)
            for channel in 0..<channels {
                run(a.program) { sample, sum in
                    for y in 0..<height {
                        for x in 0..<width {
                            let index = ((sample * height + y) * width + x) * channels + channel
                            guard let (row, column) = place(index, y, x) else { continue }
                            let position = (row + ky) * shape.inputWidth + column + kx
                            let input = sample * shape.inputCount + position * shape.inputChannels + inputChannel
                            sum = sum.addingProduct(a.input[input], a.outputGradient[index])
                        }
                    }
                } store: { root, sum in
                    a.gradient[root * a.rootStride + row * channels + channel] = sum
                }
            }
        }
        guard let bias = a.biasGradient, a.rowBegin == 0 else { return }
        for channel in 0..<channels {
            run(a.program) { sample, sum in
                for position in 0..<height * width {
                    let index = (sample * height * width + position) * channels + channel
                    if place(index, 0, 0) != nil { sum += a.outputGradient[index] }
                }
            } store: { root, sum in
                bias[root * a.rootStride + channel] = sum
            }
        }
    }
}
