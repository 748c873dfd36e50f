import KernelInterface
import Testing

/// A Winograd convolution with inputs, and with the direct kernels' shape and Double sums to compare with.
struct WinogradCase {
    let shape: WinogradShape
    let sampleCount: Int
    let input: [Float]
    let weights: [Float]
    let bias: [Float]
    /// The gradient of the stored output.
    let outputGradient: [Float]
    /// 0 to 3, or `noWindowPlace`.
    let windowIndex: [UInt8]

    init(
        _ height: Int, _ width: Int, _ inputChannels: Int, _ outputChannels: Int, isSame: Bool, isPooled: Bool,
        sampleCount: Int = TestPrograms.sampleCount, isRectified: Bool = false
    ) {
        let padding = isSame ? 1 : 0
        shape = WinogradShape(
            inputHeight: height, inputWidth: width, inputChannels: inputChannels, paddingTop: padding,
            paddingLeft: padding, outputHeight: height + 2 * padding - 2, outputWidth: width + 2 * padding - 2,
            outputChannels: outputChannels, isPooled: isPooled)
        self.sampleCount = sampleCount
        var numbers = TestNumbers(height * 1000 + width * 100 + inputChannels * 7 + outputChannels)
        input = numbers.floats(sampleCount * shape.inputCount).map { isRectified ? max($0, 0) : $0 }
        weights = numbers.floats(9 * inputChannels * outputChannels)
        bias = numbers.floats(outputChannels)
        outputGradient = numbers.floats(sampleCount * shape.storedOutputCount)
        windowIndex = numbers.windowPlaces(sampleCount * shape.storedOutputCount)
    }

    /// The shape by which a failing case is found again.
    var label: String {
        "\(shape.inputHeight)×\(shape.inputWidth)×\(shape.inputChannels) -> \(shape.outputChannels), "
            + "\(shape.paddingTop == 0 ? "valid" : "same")\(shape.isPooled ? ", pooled" : "")"
    }

    // MARK: The kernels

    /// The transformed weights, and whether nothing else was written.
    private func transformed(
        _ table: KernelTable, isTransposed: Bool, _ scratch: UnsafeMutableRawPointer?
    ) -> GuardedFloats {
        let result = GuardedFloats(count: shape.transformedWeightCount(isTransposed: isTransposed))
        let source = GuardedFloats(weights)
        if isTransposed {
            let plain = GuardedFloats(weights)
            table.flipConvolutionWeights(paddedShape, plain.pointer, source.pointer)
            withExtendedLifetime(plain) {}
        }
        withScratch(scratch) { scratch in
            table.transformWinogradWeights(
                WinogradWeightArguments(
                    shape: shape, weights: source.pointer, isTransposed: isTransposed, transformed: result.pointer),
                scratch)
        }
        withExtendedLifetime(source) {}
        return result
    }

    /// The output, in calls of at most `blockSampleCount` samples.
    func forward(
        _ table: KernelTable, hasBias: Bool = true, appliesReLU: Bool = false, blockSampleCount: Int = 1000,
        scratch: UnsafeMutableRawPointer? = nil
    ) -> (values: [Float], windowIndex: [UInt8], isIntact: Bool) {
        let transformed = transformed(table, isTransposed: false, scratch)
        let (inputs, biases) = (GuardedFloats(input), GuardedFloats(bias))
        let output = GuardedFloats(count: sampleCount * shape.storedOutputCount)
        let places = GuardedBytes(count: output.count)
        for begin in stride(from: 0, to: sampleCount, by: blockSampleCount) {
            let arguments = WinogradForwardArguments(
                shape: shape, sampleCount: min(blockSampleCount, sampleCount - begin),
                input: inputs.pointer + begin * shape.inputCount, transformedWeights: transformed.pointer,
                bias: hasBias ? UnsafePointer(biases.pointer) : nil,
                output: output.pointer + begin * shape.storedOutputCount,
                windowIndex: shape.isPooled ? places.pointer + begin * shape.storedOutputCount : nil,
                appliesReLU: appliesReLU)
            withScratch(scratch) { table.winogradForward(arguments, $0) }
        }
        let isIntact =
            output.isIntact && places.isIntact && transformed.isIntact && inputs.values == input
            && biases.values == bias
        return (output.values, places.values, isIntact)
    }

    func inputGradient(
        _ table: KernelTable, blockSampleCount: Int = 1000,
        scratch: UnsafeMutableRawPointer? = nil
    ) -> (values: [Float], isIntact: Bool) {
        let transformed = transformed(table, isTransposed: true, scratch)
        let memory = GradientMemory(self)
        let result = GuardedFloats(count: sampleCount * shape.inputCount)
        for begin in stride(from: 0, to: sampleCount, by: blockSampleCount) {
            let arguments = WinogradInputGradientArguments(
                shape: shape, sampleCount: min(blockSampleCount, sampleCount - begin),
                outputGradient: memory.gradient(from: begin),
                transformedWeights: transformed.pointer, inputGradient: result.pointer + begin * shape.inputCount)
            withScratch(scratch) { table.winogradInputGradient(arguments, $0) }
        }
        return (result.values, result.isIntact && transformed.isIntact && memory.isIntact)
    }

    /// The roots, one after another, computed in calls for each of `channels`.
    func weightGradient(
        _ table: KernelTable, _ steps: [SummationStep], channels: [Range<Int>],
        scratch: UnsafeMutableRawPointer? = nil
    ) -> (values: [Float], isIntact: Bool) {
        let memory = GradientMemory(self)
        let inputs = GuardedFloats(input)
        let rootCount = Int(steps.map(\.rootIndex).max() ?? 0) + 1
        let result = GuardedFloats(count: rootCount * weights.count)
        for range in channels {
            steps.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                let arguments = WinogradWeightGradientArguments(
                    shape: shape, channelBegin: range.lowerBound, channelEnd: range.upperBound, input: inputs.pointer,
                    outputGradient: memory.gradient(from: 0),
                    program: SummationProgram(steps: base, stepCount: steps.count), gradient: result.pointer,
                    rootStride: weights.count)
                withScratch(scratch) { table.winogradWeightGradient(arguments, $0) }
            }
        }
        return (result.values, result.isIntact && memory.isIntact && inputs.values == input)
    }

    /// The gradient of the output in guarded memory.
    private struct GradientMemory {
        let test: WinogradCase
        let values: GuardedFloats
        let windowIndex: GuardedBytes

        init(_ test: WinogradCase) {
            self.test = test
            values = GuardedFloats(test.outputGradient)
            windowIndex = GuardedBytes(test.windowIndex)
        }

        func gradient(from sample: Int) -> WinogradOutputGradient {
            let (offset, isPooled) = (sample * test.shape.storedOutputCount, test.shape.isPooled)
            return WinogradOutputGradient(
                values: values.pointer + offset,
                windowIndex: isPooled ? UnsafePointer(windowIndex.pointer + offset) : nil)
        }

        var isIntact: Bool {
            values.values == test.outputGradient && windowIndex.values == test.windowIndex
        }
    }

    // MARK: What they are compared with

    /// The shape of the direct kernels, with the padding in the input.
    var paddedShape: ConvolutionShape {
        ConvolutionShape(
            inputHeight: shape.outputHeight + 2, inputWidth: shape.outputWidth + 2,
            inputChannels: shape.inputChannels, kernelHeight: 3, kernelWidth: 3, outputChannels: shape.outputChannels)
    }

    var paddedInput: [Float] {
        var result = [Float](repeating: 0, count: sampleCount * paddedShape.inputCount)
        let rowCount = shape.inputWidth * shape.inputChannels
        for sample in 0..<sampleCount {
            for y in 0..<shape.inputHeight {
                let source = sample * shape.inputCount + y * rowCount
                let position = (y + shape.paddingTop) * paddedShape.inputWidth + shape.paddingLeft
                let target = sample * paddedShape.inputCount + position * shape.inputChannels
                result.replaceSubrange(target..<target + rowCount, with: input[source..<source + rowCount])
            }
        }
        return result
    }

    /// The gradient of the convolution's output before pooling.
    func unpooledGradient() -> [Float] {
        guard shape.isPooled else { return outputGradient }
        let channels = shape.outputChannels
        var result = [Float](repeating: 0, count: sampleCount * paddedShape.outputCount)
        for index in outputGradient.indices where windowIndex[index] != noWindowPlace {
            let (position, channel) = index.quotientAndRemainder(dividingBy: channels)
            let (line, x) = position.quotientAndRemainder(dividingBy: shape.pooledWidth)
            let (sample, y) = line.quotientAndRemainder(dividingBy: shape.pooledHeight)
            let place = Int(windowIndex[index])
            let row = sample * shape.outputHeight + 2 * y + place / 2
            result[(row * shape.outputWidth + 2 * x + place % 2) * channels + channel] = outputGradient[index]
        }
        return result
    }

    /// The largest of each window of `full`, the convolution before pooling, in the order of the stored output.
    func pooled<Number: Comparable>(_ full: [Number]) -> [Number] {
        guard shape.isPooled else { return full }
        let channels = shape.outputChannels
        return (0..<sampleCount * shape.storedOutputCount).map { index in
            let (position, channel) = index.quotientAndRemainder(dividingBy: channels)
            let (line, x) = position.quotientAndRemainder(dividingBy: shape.pooledWidth)
            let (sample, y) = line.quotientAndRemainder(dividingBy: shape.pooledHeight)
            var best = full[((sample * shape.outputHeight + 2 * y) * shape.outputWidth + 2 * x) * channels + channel]
            for place in 1..<4 {
                let row = sample * shape.outputHeight + 2 * y + place / 2
                best = max(best, full[(row * shape.outputWidth + 2 * x + place % 2) * channels + channel])
            }
            return best
        }
    }

    /// Forward before pooling, input gradient and weight gradient by the direct kernels.
    func direct(_ table: KernelTable) -> (forward: [Float], inputGradient: [Float], weightGradient: [Float]) {
        let padded = GuardedFloats(paddedInput)
        let (plain, flipped) = (GuardedFloats(weights), GuardedFloats(weights))
        let (biases, gradient) = (GuardedFloats(bias), GuardedFloats(unpooledGradient()))
        table.flipConvolutionWeights(paddedShape, plain.pointer, flipped.pointer)
        let output = GuardedFloats(count: sampleCount * paddedShape.outputCount)
        let full = paddedShape
        let back = ConvolutionShape(
            inputHeight: full.outputHeight + 4, inputWidth: full.outputWidth + 4,
            inputChannels: full.outputChannels, kernelHeight: 3, kernelWidth: 3, outputChannels: full.inputChannels)
        var paddedGradient = [Float](repeating: 0, count: sampleCount * back.inputCount)
        for (index, value) in gradient.values.enumerated() {
            let (position, channel) = index.quotientAndRemainder(dividingBy: full.outputChannels)
            let (line, x) = position.quotientAndRemainder(dividingBy: full.outputWidth)
            let (sample, y) = line.quotientAndRemainder(dividingBy: full.outputHeight)
            let place = (sample * back.inputHeight + y + 2) * back.inputWidth + x + 2
            paddedGradient[place * full.outputChannels + channel] = value
        }
        let gradients = GuardedFloats(paddedGradient)
        let inputGradient = GuardedFloats(count: sampleCount * full.inputCount)
        let weightGradient = GuardedFloats(count: weights.count)
        let steps = [
            SummationStep(sampleBegin: 0, sampleEnd: Int32(sampleCount), mergeCount: 0, rootIndex: 0)
        ]
        withScratch { scratch in
            table.convolutionForward(
                ConvolutionForwardArguments(
                    shape: full, sampleCount: sampleCount, input: padded.pointer, weights: plain.pointer,
                    bias: biases.pointer, output: output.pointer, appliesReLU: false), scratch)
            table.convolutionForward(
                ConvolutionForwardArguments(
                    shape: back, sampleCount: sampleCount, input: gradients.pointer, weights: flipped.pointer,
                    bias: nil, output: inputGradient.pointer, appliesReLU: false), scratch)
            steps.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                table.convolutionWeightGradient(
                    ConvolutionWeightGradientArguments(
                        shape: full, rowBegin: 0, rowEnd: full.weightRowCount, input: padded.pointer,
                        outputGradient: gradient.pointer, program: SummationProgram(steps: base, stepCount: 1),
                        gradient: weightGradient.pointer, rootStride: weights.count), scratch)
            }
        }
        withExtendedLifetime((padded, plain, flipped, biases, gradient, gradients)) {}
        return (output.values, withoutPadding(inputGradient.values), weightGradient.values)
    }

    /// The image inside a padded one.
    private func withoutPadding(_ padded: [Float]) -> [Float] {
        var result: [Float] = []
        let rowCount = shape.inputWidth * shape.inputChannels
        for sample in 0..<sampleCount {
            for y in 0..<shape.inputHeight {
                let position = (y + shape.paddingTop) * paddedShape.inputWidth + shape.paddingLeft
                let begin = sample * paddedShape.inputCount + position * shape.inputChannels
                result += padded[begin..<begin + rowCount]
            }
        }
        return result
    }

    /// The convolution before pooling and ReLU, in Double.
    func exactForward(hasBias: Bool = true) -> [Double] {
        ConvolutionReference<Double>(shape: paddedShape, sampleCount: sampleCount, input: paddedInput)
            .forward(weights: weights, bias: hasBias ? bias : nil)
    }

    func exactWeightGradient(_ samples: Range<Int>) -> [Double] {
        ConvolutionReference<Double>(shape: paddedShape, sampleCount: sampleCount, input: paddedInput)
            .weightGradient(unpooledGradient(), samples: samples)
    }

    func exactInputGradient() -> [Double] {
        let gradient = unpooledGradient().map { Double($0) }
        let weights = weights.map { Double($0) }
        let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
        var result = [Double](repeating: 0, count: sampleCount * shape.inputCount)
        for index in 0..<sampleCount * shape.outputHeight * shape.outputWidth {
            let (line, x) = index.quotientAndRemainder(dividingBy: shape.outputWidth)
            let (sample, y) = line.quotientAndRemainder(dividingBy: shape.outputHeight)
            for tap in 0..<9 {
                let row = y + tap / 3 - shape.paddingTop
                let column = x + tap % 3 - shape.paddingLeft
                guard 0..<shape.inputHeight ~= row, 0..<shape.inputWidth ~= column else { continue }
                let target = ((sample * shape.inputHeight + row) * shape.inputWidth + column) * inputs
                for input in 0..<inputs {
                    var sum = 0.0
                    for output in 0..<outputs {
                        sum += gradient[index * outputs + output] * weights[(tap * inputs + input) * outputs + output]
                    }
                    result[target + input] += sum
                }
            }
        }
        return result
    }
}

/// Errors relative to the root mean square of the exact values.
struct RelativeError {
    let rootMeanSquare: Double
    let maximum: Double

    init(_ values: [Float], _ exact: [Double]) {
        let scale = (exact.reduce(0) { $0 + $1 * $1 } / Double(max(exact.count, 1))).squareRoot()
        var (squares, worst) = (0.0, 0.0)
        for (value, exact) in zip(values, exact) {
            let error = abs(Double(value) - exact)
            squares += error * error
            // A NaN must not pass as small.
            worst = error <= worst ? worst : error
        }
        rootMeanSquare = (squares / Double(max(exact.count, 1))).squareRoot() / scale
        maximum = worst / scale
    }
}
