import KernelInterface
import Testing

@Suite("Convolution weight gradient")
struct ConvolutionWeightGradientTests {
    struct Case {
        let shape: ConvolutionShape
        let input: [Float]
        let outputGradient: [Float]
        /// 0 to 3, or `noWindowPlace`.
        let windowIndex: [UInt8]

        init(_ shape: ConvolutionShape) {
            var numbers = TestNumbers(shape.inputCount * 17 + shape.outputChannels)
            self.shape = shape
            input = numbers.floats(TestPrograms.sampleCount * shape.inputCount)
            outputGradient = numbers.floats(TestPrograms.sampleCount * shape.outputCount)
            windowIndex = numbers.windowPlaces(TestPrograms.sampleCount * shape.pooledCount)
        }

        /// The roots in one array, bias rows behind the weight rows, and whether nothing else was written.
        func run(
            _ table: KernelTable, _ steps: [SummationStep], rows: [Range<Int>], isPooled: Bool
        ) -> (values: [Float], isIntact: Bool) {
            let rootCount = Int(steps.map(\.rootIndex).max() ?? 0) + 1
            let weightCount = shape.weightRowCount * shape.outputChannels
            let rootStride = weightCount + shape.outputChannels
            let gradient = GuardedFloats(count: rootCount * rootStride)
            let inputs = GuardedFloats(input)
            let gradients = GuardedFloats(outputGradient)
            let indices = GuardedBytes(windowIndex)
            for range in rows {
                steps.withUnsafeBufferPointer { buffer in
                    guard let base = buffer.baseAddress else { return }
                    let arguments = ConvolutionWeightGradientArguments(
                        shape: shape, rowBegin: range.lowerBound, rowEnd: range.upperBound, input: inputs.pointer,
                        outputGradient: gradients.pointer, windowIndex: isPooled ? UnsafePointer(indices.pointer) : nil,
                        program: SummationProgram(steps: base, stepCount: steps.count), gradient: gradient.pointer,
                        biasGradient: isPooled ? gradient.pointer + weightCount : nil, rootStride: rootStride)
                    withScratch { scratch in
                        if isPooled {
                            table.convolutionWeightGradientPooled(arguments, scratch)
                        } else {
                            table.convolutionWeightGradient(arguments, scratch)
                        }
                    }
                }
            }
            let areInputsIntact =
                inputs.values == input && gradients.values == outputGradient && indices.values == windowIndex
            return (gradient.values, gradient.isIntact && areInputsIntact)
        }
    }

    static func ranges(_ shape: ConvolutionShape) -> [[Range<Int>]] {
        let count = shape.weightRowCount
        return [[0..<count], [0..<(count + 1) / 2, (count + 1) / 2..<count].filter { !$0.isEmpty }]
    }

    @Test("every set gives the bits of the plain loops in the documented order", arguments: 0..<TestPrograms.all.count)
    func bitsOfPlainLoop(program: Int) {
        let steps = TestPrograms.all[program]
        for shape in ConvolutionShape.awkward {
            let test = Case(shape)
            let reference = ConvolutionReference<Float>(
                shape: shape, sampleCount: TestPrograms.sampleCount, input: test.input)
            let roots = runProgram(steps) { reference.weightGradient(test.outputGradient, samples: $0) }
            // The bias rows are not written by this form.
            let untouched = [Float](repeating: 1e30, count: shape.outputChannels)
            let expected = (0..<roots.count).flatMap { (roots[$0] ?? []) + untouched }
            for table in tables {
                for rows in Self.ranges(shape) {
                    let result = test.run(table, steps, rows: rows, isPooled: false)
                    #expect(bits(result.values) == bits(expected), "\(table.name) \(shape.label) \(rows)")
                    #expect(result.isIntact, "\(table.name) \(shape.label) \(rows)")
                }
            }
        }
    }

    @Test(
        "behind a pooling, every set gives the bits of the plain loops in the documented order",
        arguments: 0..<TestPrograms.all.count)
    func bitsOfPlainLoopPooled(program: Int) {
        let steps = TestPrograms.all[program]
        for shape in ConvolutionShape.awkward {
            let test = Case(shape)
            let reference = ConvolutionReference<Float>(
                shape: shape, sampleCount: TestPrograms.sampleCount, input: test.input)
            let roots = runProgram(steps) {
                reference.pooledGradient(test.outputGradient, windowIndex: test.windowIndex, samples: $0)
            }
            let expected = (0..<roots.count).flatMap { roots[$0] ?? [] }
            for table in tables {
                for rows in Self.ranges(shape) {
                    let result = test.run(table, steps, rows: rows, isPooled: true)
                    #expect(bits(result.values) == bits(expected), "\(table.name) \(shape.label) \(rows)")
                    #expect(result.isIntact, "\(table.name) \(shape.label) \(rows)")
                }
            }
        }
    }

    @Test("the error against a Double sum stays within the bound of a sum of n rounded terms")
    func errorAgainstDouble() {
        let steps = TestPrograms.all[2]
        for shape in ConvolutionShape.awkward {
            let test = Case(shape)
            let reference = ConvolutionReference<Double>(
                shape: shape, sampleCount: TestPrograms.sampleCount, input: test.input)
            let expected = reference.weightGradient(test.outputGradient, samples: 0..<TestPrograms.sampleCount)
            // |terms| ≤ 1, so each of the n partial sums is at most n and is rounded by half an ulp at most.
            let terms = Double(TestPrograms.sampleCount * shape.outputHeight * shape.outputWidth + 4)
            for table in tables {
                let result = test.run(table, steps, rows: [0..<shape.weightRowCount], isPooled: false)
                let worst = zip(result.values, expected).map { abs(Double($0) - $1) }.max() ?? 0
                #expect(worst <= terms * terms * 0x1p-24, "\(table.name) \(shape.label)")
            }
        }
    }

    @Test("more weight rows than fit one part of the scratch memory")
    func manyRows() {
        let shape = ConvolutionShape(
            inputHeight: 4, inputWidth: 4, inputChannels: 300, kernelHeight: 3, kernelWidth: 3, outputChannels: 18)
        let steps = TestPrograms.all[4]
        let test = Case(shape)
        let reference = ConvolutionReference<Float>(
            shape: shape, sampleCount: TestPrograms.sampleCount, input: test.input)
        let plain = runProgram(steps) { reference.weightGradient(test.outputGradient, samples: $0) }
        let pooled = runProgram(steps) {
            reference.pooledGradient(test.outputGradient, windowIndex: test.windowIndex, samples: $0)
        }
        let untouched = [Float](repeating: 1e30, count: shape.outputChannels)
        for table in tables {
            let result = test.run(table, steps, rows: [0..<shape.weightRowCount], isPooled: false)
            #expect(bits(result.values) == bits((plain[0] ?? []) + untouched), "\(table.name)")
            let second = test.run(table, steps, rows: [0..<shape.weightRowCount], isPooled: true)
            #expect(bits(second.values) == bits(pooled[0] ?? []), "\(table.name)")
        }
    }
}
