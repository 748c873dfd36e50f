import KernelInterface

/// Programs over a run of micro-batches, built here straight from the definition of the tree.
struct TestProgram {
    var steps: [SummationStep] = []
    /// The micro-batches under each root.
    var roots: [Range<Int>] = []

    /// The run `owned` of `count` micro-batches (a power of two) over a batch of `batchSize`; samples are numbered from
    /// the run's first.
    init(owned: Range<Int>, of count: Int, batchSize: Int) {
        let first = batchSize * owned.lowerBound / count
        var begin = owned.lowerBound
        while begin < owned.upperBound {
            var size = 1
            while begin % (size * 2) == 0 && begin + size * 2 <= owned.upperBound && size * 2 <= count { size *= 2 }
            var emitter = TreeEmitter(count: count, batchSize: batchSize, firstSample: first)
            if emitter.visit(begin..<begin + size) {
                emitter.steps[emitter.steps.count - 1].rootIndex = Int32(roots.count)
                steps += emitter.steps
                roots.append(begin..<begin + size)
            }
            begin += size
        }
    }

    /// Samples of the whole run.
    static func samples(owned: Range<Int>, of count: Int, batchSize: Int) -> Range<Int> {
        batchSize * owned.lowerBound / count..<batchSize * owned.upperBound / count
    }

    func withProgram<Result>(_ body: (SummationProgram) -> Result) -> Result {
        steps.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                return withUnsafePointer(
                    to: SummationStep(sampleBegin: 0, sampleEnd: 0, mergeCount: 0, rootIndex: -1)
                ) { body(SummationProgram(steps: $0, stepCount: 0)) }
            }
            return body(SummationProgram(steps: base, stepCount: buffer.count))
        }
    }
}

/// Emits the steps of one subtree; empty micro-batches have none.
private struct TreeEmitter {
    let count: Int
    let batchSize: Int
    let firstSample: Int
    var steps: [SummationStep] = []

    /// Returns whether the subtree has samples.
    mutating func visit(_ node: Range<Int>) -> Bool {
        if node.count == 1 {
            let begin = batchSize * node.lowerBound / count - firstSample
            let end = batchSize * node.upperBound / count - firstSample
            guard begin < end else { return false }
            steps.append(
                SummationStep(sampleBegin: Int32(begin), sampleEnd: Int32(end), mergeCount: 0, rootIndex: -1))
            return true
        }
        let middle = node.lowerBound + node.count / 2
        let left = visit(node.lowerBound..<middle)
        let right = visit(middle..<node.upperBound)
        if left && right { steps[steps.count - 1].mergeCount += 1 }
        return left || right
    }
}

/// Adds the roots of several workers by the tree over all micro-batches.
func mergedRoots(_ roots: [(node: Range<Int>, values: [Float])], count: Int) -> [Float] {
    func sum(_ node: Range<Int>) -> [Float]? {
        if let root = roots.first(where: { $0.node == node }) { return root.values }
        guard node.count > 1 else { return nil }
        let middle = node.lowerBound + node.count / 2
        guard let left = sum(node.lowerBound..<middle) else { return sum(middle..<node.upperBound) }
        guard let right = sum(middle..<node.upperBound) else { return left }
        return zip(left, right).map { $0 + $1 }
    }
    return sum(0..<count) ?? []
}
