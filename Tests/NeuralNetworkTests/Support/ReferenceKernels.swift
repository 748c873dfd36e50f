import KernelInterface
import Kernels

/// The kernels of a pass as their documentation defines them, one element after another. Only the polynomials, norms,
/// updates and Winograd's convolutions are the portable set's own.
enum ReferenceKernels {
    static var table: KernelTable {
        let portable = InstructionSet.portable.table
        return KernelTable(
            name: "reference", laneCount: 1, matrixProduct: { a, _ in product(a, bStrides: (a.bRowStride, 1)) },
            matrixProductTransposed: { a, _ in product(a, bStrides: (1, a.bRowStride)) },
            gradientProduct: gradientProduct, columnSums: columnSums, convolutionForward: convolutionForward,
            convolutionForwardPooled: convolutionForwardPooled, convolutionWeightGradient: convolutionWeightGradient,
            convolutionWeightGradientPooled: convolutionWeightGradientPooled, flipConvolutionWeights: flip,
            transformWinogradWeights: portable.transformWinogradWeights, winogradForward: portable.winogradForward,
            winogradInputGradient: portable.winogradInputGradient,
            winogradWeightGradient: portable.winogradWeightGradient,
            maxPoolForward: maxPoolForward, maxPoolBackward: maxPoolBackward,
            reluForward: { count, x in for index in 0..<count { x[index] = x[index] > 0 ? x[index] : 0 } },
            reluBackward: { count, output, gradient in
                for index in 0..<count where !(output[index] > 0) { gradient[index] = 0 }
            },
            exponential: portable.exponential, logarithm: portable.logarithm, sigmoid: portable.sigmoid,
            hyperbolicTangent: portable.hyperbolicTangent,
            sigmoidBackward: { count, output, gradient in
                for index in 0..<count { gradient[index] *= output[index] * (1 - output[index]) }
            },
            hyperbolicTangentBackward: { count, output, gradient in
                for index in 0..<count { gradient[index] *= Float(1).addingProduct(-output[index], output[index]) }
            },
            gaussianErrorLinear: portable.gaussianErrorLinear,
            gaussianErrorLinearBackward: portable.gaussianErrorLinearBackward,
            dropout: dropout, normalize: normalize, squaredDeviationSums: squaredDeviationSums,
            normalizationGradientSums: normalizationGradientSums,
            normalizationInputGradient: normalizationInputGradient,
            scaleBytes: { count, bytes, y in for index in 0..<count { y[index] = Float(bytes[index]) / 255 } },
            add: { count, left, right, sum in for index in 0..<count { sum[index] = left[index] + right[index] } },
            allFinite: { count, x in (0..<count).allSatisfy { x[$0].isFinite } },
            sumOfSquares: portable.sumOfSquares, sumOfMagnitudes: portable.sumOfMagnitudes,
            sumOfGradientSquares: portable.sumOfGradientSquares, adamUpdate: portable.adamUpdate,
            sgdUpdate: portable.sgdUpdate, rmspropUpdate: portable.rmspropUpdate, nadamUpdate: portable.nadamUpdate,
            lionUpdate: portable.lionUpdate)
    }

    private static func product(_ a: MatrixProductArguments, bStrides: (inner: Int, column: Int)) {
        for row in 0..<a.rowCount {
            for column in 0..<a.columnCount {
                let target = a.c + row * a.cRowStride + column
                var sum: Float =
                    switch a.start {
                    case .zero: 0
                    case .bias: a.bias?[column] ?? .nan
                    case .result: target.pointee
                    }
                for inner in 0..<a.innerCount {
                    let b = a.b[inner * bStrides.inner + column * bStrides.column]
                    sum = sum.addingProduct(a.a[row * a.aRowStride + inner], b)
                }
                target.pointee = a.appliesReLU && !(sum > 0) ? 0 : sum
            }
        }
    }

    private static func convolutionForward(_ a: ConvolutionForwardArguments, _ scratch: KernelTable.Scratch) {
        let shape = a.shape
        for sample in 0..<a.sampleCount {
            for y in 0..<shape.outputHeight {
                for x in 0..<shape.outputWidth {
                    for channel in 0..<shape.outputChannels {
                        let position = (sample * shape.outputHeight + y) * shape.outputWidth + x
                        a.output[position * shape.outputChannels + channel] = convolve(a, sample, y, x, channel)
                    }
                }
            }
        }
    }

    private static func convolve(
        _ a: ConvolutionForwardArguments, _ sample: Int, _ y: Int, _ x: Int, _ channel: Int
    ) -> Float {
        let shape = a.shape
        var sum = a.bias?[channel] ?? 0
        var weight = channel
        for ky in 0..<shape.kernelHeight {
            for kx in 0..<shape.kernelWidth {
                let position = (sample * shape.inputHeight + y + ky) * shape.inputWidth + x + kx
                for input in 0..<shape.inputChannels {
                    sum = sum.addingProduct(a.input[position * shape.inputChannels + input], a.weights[weight])
                    weight += shape.outputChannels
                }
            }
        }
        return a.appliesReLU && !(sum > 0) ? 0 : sum
    }

    private static func convolutionForwardPooled(_ a: ConvolutionForwardArguments, _ scratch: KernelTable.Scratch) {
        let shape = a.shape
        var unpooled = [Float](repeating: 0, count: a.sampleCount * shape.outputCount)
        unpooled.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, let windowIndex = a.windowIndex else { return }
            var plain = a
            plain.output = base
            convolutionForward(plain, scratch)
            maxPoolForward(
                MaxPoolArguments(
                    sampleCount: a.sampleCount, inputHeight: shape.outputHeight, inputWidth: shape.outputWidth,
                    channels: shape.outputChannels, input: base, output: a.output, windowIndex: windowIndex))
            let pooledCount = a.sampleCount * shape.pooledCount
            for pooled in 0..<pooledCount where a.appliesReLU && !(a.output[pooled] > 0) {
                windowIndex[pooled] = noWindowPlace
            }
        }
    }

    private static func flip(_ shape: ConvolutionShape, _ w: UnsafePointer<Float>, _ f: UnsafeMutablePointer<Float>) {
        let positions = shape.kernelHeight * shape.kernelWidth
        let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
        for position in 0..<positions {
            for input in 0..<inputs {
                for output in 0..<outputs {
                    f[((positions - 1 - position) * outputs + output) * inputs + input] =
                        w[(position * inputs + input) * outputs + output]
                }
            }
        }
    }

    /// Calls `body` with each pooled element and the indexes of its window's four elements.
    private static func forEachWindow(_ a: MaxPoolArguments, _ body: (_ pooled: Int, _ window: [Int]) -> Void) {
        let (height, width) = (a.inputHeight / 2, a.inputWidth / 2)
        for pooled in 0..<a.sampleCount * height * width * a.channels {
            let (position, channel) = pooled.quotientAndRemainder(dividingBy: a.channels)
            let (row, x) = position.quotientAndRemainder(dividingBy: width)
            let (sample, y) = row.quotientAndRemainder(dividingBy: height)
            let window = (0..<4).map { place in
                let line = sample * a.inputHeight + 2 * y + place / 2
                return (line * a.inputWidth + 2 * x + place % 2) * a.channels + channel
            }
            body(pooled, window)
        }
    }

    private static func maxPoolForward(_ a: MaxPoolArguments) {
        guard let input = a.input, let output = a.output else { return }
        forEachWindow(a) { pooled, window in
            var best = 0
            for place in 1..<4 where input[window[place]] > input[window[best]] { best = place }
            output[pooled] = input[window[best]]
            a.windowIndex[pooled] = UInt8(best)
        }
    }

    private static func maxPoolBackward(_ a: MaxPoolArguments) {
        guard let outputGradient = a.outputGradient, let inputGradient = a.inputGradient else { return }
        inputGradient.update(repeating: 0, count: a.sampleCount * a.inputHeight * a.inputWidth * a.channels)
        forEachWindow(a) { pooled, window in
            guard a.windowIndex[pooled] != noWindowPlace else { return }
            inputGradient[window[Int(a.windowIndex[pooled])]] = outputGradient[pooled]
        }
    }
}
