import KernelInterface
import TestSupport

/// A program as a worker would run it: leaves of given sizes, merged as a binary counter merges, cut into roots.
struct SummationCase {
    var steps: [SummationStep]
    var rootCount: Int
    var sampleCount: Int

    /// `micro` micro-batches of the given sizes; each root covers `leavesPerRoot` of them (a power of two).
    init(sizes: [Int], leavesPerRoot: Int) {
        steps = []
        rootCount = sizes.count / leavesPerRoot
        sampleCount = sizes.reduce(0, +)
        var begin = 0
        for (index, size) in sizes.enumerated() {
            let place = index % leavesPerRoot
            let isLast = place == leavesPerRoot - 1
            steps.append(
                SummationStep(
                    sampleBegin: Int32(begin), sampleEnd: Int32(begin + size),
                    mergeCount: Int32((place + 1).trailingZeroBitCount),
                    rootIndex: isLast ? Int32(index / leavesPerRoot) : -1))
            begin += size
        }
    }

    static func random(_ random: inout SeededGenerator) -> SummationCase {
        let leavesPerRoot = 1 << Int.random(in: 0...3, using: &random)
        let leaves = leavesPerRoot * Int.random(in: 1...3, using: &random)
        return SummationCase(
            sizes: (0..<leaves).map { _ in Int.random(in: 1...9, using: &random) }, leavesPerRoot: leavesPerRoot)
    }

    func withProgram<Result>(_ body: (SummationProgram) -> Result) -> Result {
        steps.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("a program has steps") }
            return body(SummationProgram(steps: start, stepCount: buffer.count))
        }
    }

    /// Runs the tree on plain Floats: `leaf` sums a range of samples from +0.
    func roots(_ leaf: (Range<Int>) -> Float) -> [Float] {
        var stack: [Float] = []
        var roots = [Float](repeating: .nan, count: rootCount)
        for step in steps {
            var sum = leaf(Int(step.sampleBegin)..<Int(step.sampleEnd))
            for _ in 0..<step.mergeCount { sum = (stack.popLast() ?? .nan) + sum }
            if step.rootIndex < 0 { stack.append(sum) } else { roots[Int(step.rootIndex)] = sum }
        }
        return roots
    }
}
