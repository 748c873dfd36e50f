import KernelInterface
import TestSupport
import Testing

/// One matrix product with its operands; `run` returns c's rows, padding columns of the stride included.
struct MatrixCase: CustomTestStringConvertible {
    var rows: Int
    var columns: Int
    var inner: Int
    var transposed: Bool
    var start: AccumulatorStart
    var appliesReLU: Bool
    var extraStride: Int
    var misalignment: Int

    var testDescription: String {
        "\(rows)x\(columns)x\(inner)\(transposed ? " transposed" : "") \(start) stride +\(extraStride) offset \(misalignment)"
    }

    var bRows: Int { transposed ? columns : inner }
    var bColumns: Int { transposed ? inner : columns }
    var aStride: Int { inner + extraStride }
    var bStride: Int { bColumns + extraStride }
    var cStride: Int { columns + extraStride }

    /// Floats of a matrix that ends with its last value, not with its stride.
    static func extent(_ rows: Int, _ columns: Int, _ stride: Int) -> Int {
        rows == 0 || columns == 0 ? 0 : (rows - 1) * stride + columns
    }
}

/// The operands of a case.
struct MatrixOperands {
    var a: [Float]
    var b: [Float]
    var c: [Float]
    var bias: [Float]

    init(_ shape: MatrixCase, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        a = random.floats(MatrixCase.extent(shape.rows, shape.inner, shape.aStride))
        b = random.floats(MatrixCase.extent(shape.bRows, shape.bColumns, shape.bStride))
        c = random.floats(MatrixCase.extent(shape.rows, shape.columns, shape.cStride))
        bias = random.floats(shape.columns)
    }
}

extension MatrixCase {
    /// The result and whether memory around it stayed untouched.
    func run(_ table: KernelTable, _ operands: MatrixOperands) -> (values: [Float], isIntact: Bool) {
        let a = FencedFloats(operands.a, misalignment: misalignment)
        let b = FencedFloats(operands.b, misalignment: 3 * misalignment)
        let c = FencedFloats(operands.c, misalignment: 5 * misalignment)
        let bias = FencedFloats(operands.bias, misalignment: misalignment)
        let scratch = Scratch()
        let arguments = MatrixProductArguments(
            rowCount: rows, columnCount: columns, innerCount: inner, a: a.reading, aRowStride: aStride,
            b: b.reading, bRowStride: bStride, c: c.start, cRowStride: cStride, start: start, bias: bias.reading,
            appliesReLU: appliesReLU)
        if transposed {
            table.matrixProductTransposed(arguments, scratch.start)
        } else {
            table.matrixProduct(arguments, scratch.start)
        }
        return (c.values, c.isIntact && a.isIntact && b.isIntact && bias.isIntact)
    }

    /// The same in the documented order, value by value.
    func naive(_ operands: MatrixOperands) -> [Float] {
        var c = operands.c
        forEachResult(operands) { index, initial, terms in
            var sum = initial
            for (a, b) in terms { sum = sum.addingProduct(a, b) }
            c[index] = appliesReLU ? (sum > 0 ? sum : 0) : sum
        }
        return c
    }

    /// The largest error against Double, in units of the bound (inner + 1)·2⁻²⁴·Σ|terms|.
    func largestRelativeError(of values: [Float], _ operands: MatrixOperands) -> Double {
        var largest = 0.0
        forEachResult(operands) { index, initial, terms in
            var sum = Double(initial)
            var magnitude = abs(sum)
            for (a, b) in terms {
                sum += Double(a) * Double(b)
                magnitude += abs(Double(a) * Double(b))
            }
            let expected = appliesReLU ? max(sum, 0) : sum
            let bound = Double(inner + 1) * magnitude * 0x1p-24 + 0x1p-140
            largest = max(largest, abs(Double(values[index]) - expected) / bound)
        }
        return largest
    }

    private func forEachResult(_ operands: MatrixOperands, _ body: (Int, Float, [(Float, Float)]) -> Void) {
        for row in 0..<rows {
            for column in 0..<columns {
                let index = row * cStride + column
                let initial: Float =
                    switch start {
                    case .zero: 0
                    case .bias: operands.bias[column]
                    case .result: operands.c[index]
                    }
                let terms = (0..<inner).map { k in
                    (
                        operands.a[row * aStride + k],
                        operands.b[transposed ? column * bStride + k : k * bStride + column]
                    )
                }
                body(index, initial, terms)
            }
        }
    }
}
