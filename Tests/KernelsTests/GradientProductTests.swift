import KernelInterface
import Kernels
import TestSupport
import Testing

/// A weight gradient with its operands.
private struct GradientCase {
    var program: SummationCase
    var rows: Int
    var rowBegin: Int
    var rowEnd: Int
    var columns: Int
    var extraStride: Int
    var rootPadding: Int
    var x: [Float]
    var outputGradient: [Float]

    var xStride: Int { rows + extraStride }
    var outputStride: Int { columns + extraStride }
    var rootStride: Int { rows * columns + rootPadding }

    init(program: SummationCase, rows: Int, columns: Int, extraStride: Int, _ random: inout SeededGenerator) {
        self.program = program
        self.rows = rows
        self.columns = columns
        self.extraStride = extraStride
        rowBegin = Int.random(in: 0..<rows, using: &random)
        rowEnd = Int.random(in: rowBegin...rows, using: &random)
        if Bool.random(using: &random) { (rowBegin, rowEnd) = (0, rows) }
        rootPadding = [0, 7].randomElement(using: &random) ?? 0
        x = random.floats(MatrixCase.extent(program.sampleCount, rows, rows + extraStride))
        outputGradient = random.floats(MatrixCase.extent(program.sampleCount, columns, columns + extraStride))
    }

    func run(_ table: KernelTable) -> (bits: [UInt32], isIntact: Bool) {
        let x = FencedFloats(self.x, misalignment: 1)
        let outputGradient = FencedFloats(self.outputGradient, misalignment: 3)
        let gradient = FencedFloats(count: program.rootCount * rootStride, misalignment: 2)
        let scratch = Scratch()
        program.withProgram { program in
            table.gradientProduct(
                GradientProductArguments(
                    rowBegin: rowBegin, rowEnd: rowEnd, columnCount: columns, x: x.reading, xRowStride: xStride,
                    outputGradient: outputGradient.reading, outputGradientRowStride: outputStride, program: program,
                    gradient: gradient.start, rootStride: rootStride),
                scratch.start)
        }
        return (gradient.bits, gradient.isIntact && x.isIntact && outputGradient.isIntact)
    }

    /// The documented order, value by value; rows that are not asked for keep the guard pattern.
    func naive() -> [UInt32] {
        var bits = [UInt32](repeating: FencedFloats.guardPattern, count: program.rootCount * rootStride)
        for row in rowBegin..<rowEnd {
            for column in 0..<columns {
                let roots = program.roots { samples in
                    var sum: Float = 0
                    for sample in samples {
                        sum = sum.addingProduct(
                            x[sample * xStride + row], outputGradient[sample * outputStride + column])
                    }
                    return sum
                }
                for (root, value) in roots.enumerated() {
                    bits[root * rootStride + row * columns + column] = value.bitPattern
                }
            }
        }
        return bits
    }

    /// The largest error of root sums against Double, in units of the bound.
    func largestRelativeError(_ bits: [UInt32]) -> Double {
        var largest = 0.0
        for row in rowBegin..<rowEnd {
            for column in 0..<columns {
                var expected = 0.0
                var magnitude = 0.0
                var actual = 0.0
                for sample in 0..<program.sampleCount {
                    let term =
                        Double(x[sample * xStride + row]) * Double(outputGradient[sample * outputStride + column])
                    expected += term
                    magnitude += abs(term)
                }
                for root in 0..<program.rootCount {
                    actual += Double(Float(bitPattern: bits[root * rootStride + row * columns + column]))
                }
                let bound = Double(program.sampleCount + 1) * magnitude * 0x1p-24 + 0x1p-140
                largest = max(largest, abs(actual - expected) / bound)
            }
        }
        return largest
    }
}

@Suite("Weight gradients of dense layers")
struct GradientProductTests {
    private static let cases: [GradientCase] = {
        var random = SeededGenerator(seed: 2)
        var cases: [GradientCase] = []
        for rows in [1, 3, 7, 13, 14, 15, 16, 17, 31, 45] {
            for columns in [1, 3, 7, 10, 15, 16, 17, 31, 32, 33, 64, 70] {
                cases.append(
                    GradientCase(
                        program: .random(&random), rows: rows, columns: columns,
                        extraStride: [0, 0, 3].randomElement(using: &random) ?? 0, &random))
            }
        }
        return cases
    }()

    @Test("Roots have the bits of a naive tree and nothing else is written", arguments: InstructionSet.supported)
    func bits(_ set: InstructionSet) {
        for gradient in Self.cases {
            let (bits, isIntact) = gradient.run(set.table)
            #expect(bits == gradient.naive(), "\(gradient.rows)x\(gradient.columns) \(gradient.program)")
            #expect(isIntact)
        }
    }

    @Test("Roots add up to the sum in Double", arguments: InstructionSet.supported)
    func accuracy(_ set: InstructionSet) {
        for gradient in Self.cases { #expect(gradient.largestRelativeError(gradient.run(set.table).bits) <= 1) }
    }

    @Test("More samples than fit into scratch give the same bits", arguments: InstructionSet.supported, [10, 32, 35])
    func manySamples(_ set: InstructionSet, _ columns: Int) {
        var random = SeededGenerator(seed: 3)
        let program = SummationCase(sizes: [9000, 40, 8193, 1], leavesPerRoot: 4)
        let gradient = GradientCase(program: program, rows: 3, columns: columns, extraStride: 1, &random)
        let (bits, isIntact) = gradient.run(set.table)
        #expect(bits == gradient.naive())
        #expect(isIntact)
    }

    @Test("The deepest tree fits the stack", arguments: InstructionSet.supported)
    func deepestTree(_ set: InstructionSet) {
        var random = SeededGenerator(seed: 4)
        let program = SummationCase(sizes: [Int](repeating: 1, count: 64), leavesPerRoot: 64)
        let gradient = GradientCase(program: program, rows: 15, columns: 35, extraStride: 0, &random)
        #expect(gradient.run(set.table).bits == gradient.naive())
    }
}
