import KernelInterface
import Kernels
import TestSupport
import Testing

@Suite("Matrix products")
struct MatrixProductTests {
    static let awkward = [1, 3, 7, 10, 13, 15, 16, 17, 31, 32, 33]

    /// Every pair of awkward sizes, then shapes of several blocks of the inner index and of the hot layers.
    static let cases: [MatrixCase] = {
        var random = SeededGenerator(seed: 1)
        var cases: [MatrixCase] = []
        func append(_ rows: Int, _ columns: Int, _ inner: Int) {
            cases.append(
                MatrixCase(
                    rows: rows, columns: columns, inner: inner, transposed: Bool.random(using: &random),
                    start: [.zero, .bias, .result].randomElement(using: &random) ?? .zero,
                    appliesReLU: Bool.random(using: &random),
                    extraStride: [0, 0, 1, 5].randomElement(using: &random) ?? 0,
                    misalignment: Int.random(in: 0...3, using: &random)))
        }
        for rows in awkward {
            for columns in awkward { append(rows, columns, awkward.randomElement(using: &random) ?? 1) }
        }
        for inner in [0, 255, 256, 257, 600] { for columns in [1, 10, 32, 45, 64] { append(29, columns, inner) } }
        append(64, 10, 32)
        append(70, 128, 784)
        append(0, 5, 3)
        append(5, 0, 3)
        return cases
    }()

    @Test("Results are within the bound of a sum in Double and stay in bounds", arguments: InstructionSet.supported)
    func accuracy(_ set: InstructionSet) {
        for (index, shape) in Self.cases.enumerated() {
            let operands = MatrixOperands(shape, seed: UInt64(index))
            let (values, isIntact) = shape.run(set.table, operands)
            #expect(shape.largestRelativeError(of: values, operands) <= 1, "\(shape.testDescription)")
            #expect(isIntact, "\(shape.testDescription)")
        }
    }

    @Test("Results have the bits of the documented order, also between the rows", arguments: InstructionSet.supported)
    func bits(_ set: InstructionSet) {
        for (index, shape) in Self.cases.enumerated() {
            let operands = MatrixOperands(shape, seed: UInt64(index))
            let values = shape.run(set.table, operands).values
            #expect(values.map(\.bitPattern) == shape.naive(operands).map(\.bitPattern), "\(shape.testDescription)")
        }
    }

    @Test(
        "A product is added with one rounding: fma(24929, 673, 2^-30) is 16777218", arguments: InstructionSet.supported)
    func fusedTriple(_ set: InstructionSet) {
        let shape = MatrixCase(
            rows: 5, columns: 37, inner: 1, transposed: false, start: .result, appliesReLU: false, extraStride: 0,
            misalignment: 0)
        var operands = MatrixOperands(shape, seed: 0)
        operands.a = operands.a.map { _ in 24929 }
        operands.b = operands.b.map { _ in 673 }
        operands.c = operands.c.map { _ in 0x1p-30 }
        #expect(shape.run(set.table, operands).values.allSatisfy { $0 == 16_777_218 })
    }

    @Test("ReLU turns negative values, -0 and NaN into +0", arguments: InstructionSet.supported)
    func rectified(_ set: InstructionSet) {
        let shape = MatrixCase(
            rows: 1, columns: 4, inner: 1, transposed: false, start: .zero, appliesReLU: true, extraStride: 0,
            misalignment: 0)
        var operands = MatrixOperands(shape, seed: 0)
        operands.a = [1]
        operands.b = [-1, -0.0, .nan, 2]
        let values = shape.run(set.table, operands).values
        #expect(values.map(\.bitPattern) == [0, 0, 0, Float(2).bitPattern])
    }
}
