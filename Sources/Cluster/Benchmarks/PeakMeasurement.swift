import Core
import KernelInterface
package import Kernels

/// The peak rate of one core with the kernels' register tile on data in the first-level cache.
package enum PeakMeasurement {
    /// Floating-point operations a second (a fused multiply-add counts as two): the best of several short trials.
    package static func flopsPerSecond(_ instructionSet: InstructionSet) -> Double {
        let kernels = instructionSet.table
        let (rows, columns, inner) = (84, 32, 64)
        let a = allocate(rows * inner)
        let b = allocate(inner * columns)
        let c = allocate(rows * columns)
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: KernelTable.scratchByteCount, alignment: 64)
        defer {
            a.deallocate()
            b.deallocate()
            c.deallocate()
            scratch.deallocate()
        }
        let product = MatrixProductArguments(
            rowCount: rows, columnCount: columns, innerCount: inner, a: a, aRowStride: inner, b: b,
            bRowStride: columns, c: c, cRowStride: columns, start: .zero)
        var best = 0.0
        for _ in 0..<trialCount {
            let start = MonotonicTime.processorNanosecondsOfThread
            for _ in 0..<repetitionCount { kernels.matrixProduct(product, scratch) }
            let seconds = Double(MonotonicTime.processorNanosecondsOfThread - start) / 1e9
            best = max(best, 2 * Double(rows * columns * inner * repetitionCount) / seconds)
        }
        return best
    }

    private static let trialCount = 20
    private static let repetitionCount = 2000

    private static func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
            .bindMemory(to: Float.self, capacity: count)
        memory.initialize(repeating: 0.5, count: count)
        return memory
    }
}
