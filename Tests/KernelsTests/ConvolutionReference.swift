import KernelInterface

/// The convolution kernels written as plainly as possible, in a chosen precision.
///
/// With `Float` every sum runs in the documented order with one fused multiply-add a term, so the kernels must give
/// the same bits. With `Double` it is an independent value to measure errors against.
struct ConvolutionReference<Number: BinaryFloatingPoint> {
    let shape: ConvolutionShape
    let sampleCount: Int
    let input: [Float]

    func at(_ sample: Int, _ y: Int, _ x: Int, _ channel: Int) -> Number {
        Number(input[((sample * shape.inputHeight + y) * shape.inputWidth + x) * shape.inputChannels + channel])
    }

    /// `[sample, y, x, channel]`, without ReLU.
    func forward(weights: [Float], bias: [Float]?) -> [Number] {
        var result: [Number] = []
        for sample in 0..<sampleCount {
            for y in 0..<shape.outputHeight {
                for x in 0..<shape.outputWidth {
                    for output in 0..<shape.outputChannels {
                        result.append(value(sample, y, x, output, weights, bias))
                    }
                }
            }
        }
        return result
    }

    private func value(
        _ sample: Int, _ y: Int, _ x: Int, _ output: Int, _ weights: [Float], _ bias: [Float]?
    ) -> Number {
        var sum = bias.map { Number($0[output]) } ?? 0
        for kernelRow in 0..<shape.kernelHeight {
            for kernelColumn in 0..<shape.kernelWidth {
                for channel in 0..<shape.inputChannels {
                    let tap = (kernelRow * shape.kernelWidth + kernelColumn) * shape.inputChannels + channel
                    let weight = Number(weights[tap * shape.outputChannels + output])
                    sum.addProduct(at(sample, y + kernelRow, x + kernelColumn, channel), weight)
                }
            }
        }
        return sum
    }

    /// The weight gradient of samples `samples`, summed one after another from +0.
    func weightGradient(_ outputGradient: [Float], samples: Range<Int>) -> [Number] {
        var result = [Number](repeating: 0, count: shape.weightRowCount * shape.outputChannels)
        for sample in samples {
            for y in 0..<shape.outputHeight {
                for x in 0..<shape.outputWidth {
                    let source = ((sample * shape.outputHeight + y) * shape.outputWidth + x) * shape.outputChannels
                    for output in 0..<shape.outputChannels {
                        add(sample, y, x, output, Number(outputGradient[source + output]), &result)
                    }
                }
            }
        }
        return result
    }

    /// The weight gradient behind a pooling and the bias gradient, one after the other in one array.
    func pooledGradient(
        _ outputGradient: [Float], windowIndex: [UInt8], samples: Range<Int>
    ) -> [Number] {
        var weights = [Number](repeating: 0, count: shape.weightRowCount * shape.outputChannels)
        var bias = [Number](repeating: 0, count: shape.outputChannels)
        for sample in samples {
            for y in 0..<shape.pooledHeight {
                for x in 0..<shape.pooledWidth {
                    let source = ((sample * shape.pooledHeight + y) * shape.pooledWidth + x) * shape.outputChannels
                    for output in 0..<shape.outputChannels {
                        guard windowIndex[source + output] != noWindowPlace else { continue }
                        let gradient = Number(outputGradient[source + output])
                        let place = Int(windowIndex[source + output])
                        add(sample, 2 * y + place / 2, 2 * x + place % 2, output, gradient, &weights)
                        bias[output] += gradient
                    }
                }
            }
        }
        return weights + bias
    }

    private func add(
        _ sample: Int, _ y: Int, _ x: Int, _ output: Int, _ gradient: Number, _ sums: inout [Number]
    ) {
        for kernelRow in 0..<shape.kernelHeight {
            for kernelColumn in 0..<shape.kernelWidth {
                for channel in 0..<shape.inputChannels {
                    let tap = (kernelRow * shape.kernelWidth + kernelColumn) * shape.inputChannels + channel
                    sums[tap * shape.outputChannels + output].addProduct(
                        at(sample, y + kernelRow, x + kernelColumn, channel), gradient)
                }
            }
        }
    }
}

/// Runs a summation program on arrays: `leaf` gives the sums of a run of samples. Returns the roots by index.
func runProgram<Number: BinaryFloatingPoint>(
    _ steps: [SummationStep], _ leaf: (Range<Int>) -> [Number]
) -> [Int: [Number]] {
    var stack: [[Number]] = []
    var roots: [Int: [Number]] = [:]
    for step in steps {
        var current = leaf(Int(step.sampleBegin)..<Int(step.sampleEnd))
        for _ in 0..<step.mergeCount {
            current = zip(stack.removeLast(), current).map { $0 + $1 }
        }
        if step.rootIndex >= 0 { roots[Int(step.rootIndex)] = current } else { stack.append(current) }
    }
    return roots
}

/// Programs with one root, with several, with deep merges, and with leaves of different lengths.
enum TestPrograms {
    static let sampleCount = 9

    static let all: [[SummationStep]] = [
        [step(0, 9, 0, 0)],
        [step(0, 2, 0, -1), step(2, 3, 1, 0)],
        [step(0, 1, 0, -1), step(1, 3, 1, -1), step(3, 4, 0, -1), step(4, 9, 2, 0)],
        [step(0, 3, 0, 1), step(3, 4, 0, -1), step(4, 6, 1, 0), step(6, 9, 0, 2)],
        [
            step(0, 1, 0, -1), step(1, 2, 0, -1), step(2, 3, 0, -1), step(3, 4, 0, -1), step(4, 5, 0, -1),
            step(5, 6, 0, -1), step(6, 7, 0, -1), step(7, 8, 0, -1), step(8, 9, 8, 0),
        ],
    ]

    private static func step(_ begin: Int32, _ end: Int32, _ merges: Int32, _ root: Int32) -> SummationStep {
        SummationStep(sampleBegin: begin, sampleEnd: end, mergeCount: merges, rootIndex: root)
    }
}
