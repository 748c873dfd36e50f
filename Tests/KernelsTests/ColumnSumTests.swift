import KernelInterface
import Kernels
import TestSupport
import Testing

@Suite("Column sums")
struct ColumnSumTests {
    @Test("Sums have the bits of a naive tree and nothing else is written", arguments: InstructionSet.supported)
    func bits(_ set: InstructionSet) {
        var random = SeededGenerator(seed: 5)
        for columns in [1, 3, 7, 8, 10, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 130] {
            for positions in [1, 3] {
                let tree = SummationCase.random(&random)
                let values = random.floats(tree.sampleCount * positions * columns)
                let rootStride = columns + 5
                let memory = FencedFloats(values, misalignment: 1)
                let sums = FencedFloats(count: tree.rootCount * rootStride, misalignment: 3)
                let scratch = Scratch()
                tree.withProgram { program in
                    set.table.columnSums(
                        ColumnSumArguments(
                            columnCount: columns, positionCount: positions, values: memory.reading, program: program,
                            sums: sums.start, rootStride: rootStride),
                        scratch.start)
                }
                var expected = [UInt32](repeating: FencedFloats.guardPattern, count: tree.rootCount * rootStride)
                for column in 0..<columns {
                    let roots = tree.roots { samples in
                        var sum: Float = 0
                        for position in (samples.lowerBound * positions)..<(samples.upperBound * positions) {
                            sum += values[position * columns + column]
                        }
                        return sum
                    }
                    for (root, sum) in roots.enumerated() { expected[root * rootStride + column] = sum.bitPattern }
                }
                #expect(sums.bits == expected, "\(columns) columns, \(positions) positions")
                #expect(sums.isIntact && memory.isIntact)
            }
        }
    }

    @Test("A range of columns has the bits of the whole, and only it is written", arguments: InstructionSet.supported)
    func ranges(_ set: InstructionSet) {
        var random = SeededGenerator(seed: 6)
        let (columns, positions) = (75, 4)
        let tree = SummationCase.random(&random)
        let memory = FencedFloats(random.floats(tree.sampleCount * positions * columns))
        let scratch = Scratch()
        func sums(_ ranges: [Range<Int>]) -> [UInt32] {
            let sums = FencedFloats(count: tree.rootCount * columns)
            for range in ranges {
                tree.withProgram { program in
                    set.table.columnSums(
                        ColumnSumArguments(
                            columnCount: columns, positionCount: positions, values: memory.reading, program: program,
                            sums: sums.start, rootStride: columns, columnBegin: range.lowerBound,
                            columnEnd: range.upperBound),
                        scratch.start)
                }
            }
            #expect(sums.isIntact)
            return sums.bits
        }
        let whole = sums([0..<75])
        #expect(sums([0..<1, 1..<1, 1..<36, 36..<75]) == whole)
        let part = sums([5..<50])
        for (index, bits) in part.enumerated() {
            #expect(bits == ((5..<50).contains(index % columns) ? whole[index] : FencedFloats.guardPattern))
        }
    }
}
