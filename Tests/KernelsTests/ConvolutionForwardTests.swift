import KernelInterface
import Testing

@Suite("Convolution forward")
struct ConvolutionForwardTests {
    struct Case {
        let shape: ConvolutionShape
        let sampleCount: Int
        let input: [Float]
        let weights: [Float]
        let bias: [Float]

        init(_ shape: ConvolutionShape, sampleCount: Int = 3) {
            var numbers = TestNumbers(shape.inputCount * 31 + shape.outputChannels)
            self.shape = shape
            self.sampleCount = sampleCount
            input = numbers.floats(sampleCount * shape.inputCount)
            weights = numbers.floats(shape.weightRowCount * shape.outputChannels)
            bias = numbers.floats(shape.outputChannels)
        }

        func run(
            _ table: KernelTable, hasBias: Bool, appliesReLU: Bool, isPooled: Bool
        ) -> (output: GuardedFloats, windowIndex: GuardedBytes, isInputIntact: Bool) {
            let inputs = GuardedFloats(input)
            let weightMemory = GuardedFloats(weights)
            let biasMemory = GuardedFloats(bias)
            let count = sampleCount * (isPooled ? shape.pooledCount : shape.outputCount)
            let output = GuardedFloats(count: count)
            let windowIndex = GuardedBytes(count: count)
            let arguments = ConvolutionForwardArguments(
                shape: shape, sampleCount: sampleCount, input: inputs.pointer, weights: weightMemory.pointer,
                bias: hasBias ? UnsafePointer(biasMemory.pointer) : nil, output: output.pointer,
                windowIndex: isPooled ? windowIndex.pointer : nil, appliesReLU: appliesReLU)
            withScratch { scratch in
                if isPooled {
                    table.convolutionForwardPooled(arguments, scratch)
                } else {
                    table.convolutionForward(arguments, scratch)
                }
            }
            let isIntact = inputs.values == input && weightMemory.values == weights && biasMemory.values == bias
            return (output, windowIndex, isIntact)
        }
    }

    @Test("every set gives the bits of the plain loop in the documented order, and writes nothing else")
    func bitsOfPlainLoop() {
        for shape in ConvolutionShape.awkward {
            let test = Case(shape)
            let reference = ConvolutionReference<Float>(shape: shape, sampleCount: 3, input: test.input)
            for hasBias in [false, true] {
                let expected = reference.forward(weights: test.weights, bias: hasBias ? test.bias : nil)
                let rectified = expected.map { $0 > 0 ? $0 : 0 }
                for table in tables {
                    let plain = test.run(table, hasBias: hasBias, appliesReLU: false, isPooled: false)
                    #expect(bits(plain.output.values) == bits(expected), "\(table.name) \(shape.label)")
                    #expect(plain.output.isIntact && plain.isInputIntact, "\(table.name) \(shape.label)")
                    let relu = test.run(table, hasBias: hasBias, appliesReLU: true, isPooled: false)
                    #expect(bits(relu.output.values) == bits(rectified), "\(table.name) \(shape.label)")
                }
            }
        }
    }

    @Test("the error against a Double sum stays within the bound of a sum of n rounded terms")
    func errorAgainstDouble() {
        for shape in ConvolutionShape.awkward {
            let test = Case(shape)
            let expected = ConvolutionReference<Double>(shape: shape, sampleCount: 3, input: test.input)
                .forward(weights: test.weights, bias: test.bias)
            // |terms| ≤ 1, so each of the n + 1 partial sums is at most n + 1 and is rounded by half an ulp at most.
            let terms = Double(shape.weightRowCount + 1)
            let tolerance = terms * terms * 0x1p-24
            for table in tables {
                let output = test.run(table, hasBias: true, appliesReLU: false, isPooled: false).output.values
                let worst = zip(output, expected).map { abs(Double($0) - $1) }.max() ?? 0
                #expect(worst <= tolerance, "\(table.name) \(shape.label)")
            }
        }
    }

    @Test("the pooled form equals the convolution followed by the pooling, bit for bit")
    func pooledEqualsTwoSteps() {
        for shape in ConvolutionShape.awkward {
            let test = Case(shape)
            for table in tables {
                let full = test.run(table, hasBias: true, appliesReLU: false, isPooled: false).output
                let pooled = GuardedFloats(count: 3 * shape.pooledCount)
                let windowIndex = GuardedBytes(count: 3 * shape.pooledCount)
                table.maxPoolForward(
                    MaxPoolArguments(
                        sampleCount: 3, inputHeight: shape.outputHeight, inputWidth: shape.outputWidth,
                        channels: shape.outputChannels, input: full.pointer, output: pooled.pointer,
                        windowIndex: windowIndex.pointer))
                #expect(full.isIntact)
                let fused = test.run(table, hasBias: true, appliesReLU: false, isPooled: true)
                #expect(bits(fused.output.values) == bits(pooled.values), "\(table.name) \(shape.label)")
                #expect(fused.windowIndex.values == windowIndex.values, "\(table.name) \(shape.label)")
                #expect(fused.output.isIntact && fused.windowIndex.isIntact, "\(table.name) \(shape.label)")
                let relu = test.run(table, hasBias: true, appliesReLU: true, isPooled: true)
                #expect(relu.output.values == pooled.values.map { $0 > 0 ? $0 : 0 }, "\(table.name) \(shape.label)")
                let places = zip(windowIndex.values, pooled.values).map { $1 > 0 ? $0 : noWindowPlace }
                #expect(relu.windowIndex.values == places, "\(table.name) \(shape.label)")
            }
        }
    }

    @Test("a panel that does not fit the scratch memory is computed all the same")
    func hugeKernels() {
        let shape = ConvolutionShape(
            inputHeight: 2, inputWidth: 2, inputChannels: 120_000, kernelHeight: 1, kernelWidth: 1, outputChannels: 2)
        let test = Case(shape, sampleCount: 1)
        let expected = ConvolutionReference<Float>(shape: shape, sampleCount: 1, input: test.input)
            .forward(weights: test.weights, bias: test.bias)
        for table in tables {
            let output = test.run(table, hasBias: true, appliesReLU: false, isPooled: false).output
            #expect(bits(output.values) == bits(expected), "\(table.name)")
            let pooled = test.run(table, hasBias: true, appliesReLU: false, isPooled: true)
            let best = (0..<2).map { channel in (0..<4).map { expected[2 * $0 + channel] }.max() ?? 0 }
            #expect(pooled.output.values == best, "\(table.name)")
        }
    }

    @Test("the flipped weights give the input gradient")
    func flippedWeights() {
        let shape = ConvolutionShape(
            inputHeight: 5, inputWidth: 6, inputChannels: 3, kernelHeight: 2, kernelWidth: 3, outputChannels: 5)
        let weights = (0..<shape.weightRowCount * shape.outputChannels).map { Float($0) }
        for table in tables {
            let source = GuardedFloats(weights)
            let flipped = GuardedFloats(count: weights.count)
            table.flipConvolutionWeights(shape, source.pointer, flipped.pointer)
            #expect(flipped.isIntact && source.values == weights)
            for row in 0..<2 {
                for column in 0..<3 {
                    for input in 0..<3 {
                        for output in 0..<5 {
                            let tap = ((row * 3 + column) * 3 + input) * 5 + output
                            let target = (((1 - row) * 3 + 2 - column) * 5 + output) * 3 + input
                            #expect(flipped.values[target] == weights[tap])
                        }
                    }
                }
            }
        }
    }
}
