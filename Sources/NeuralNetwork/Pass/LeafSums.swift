internal import KernelInterface

/// Vectors of sums, one for each leaf of a summation program, that are merged by the program.
struct LeafSums {
    /// Leaves of a program: as many as an experiment may have micro-batches.
    static let leafLimit = 1024

    private let leaves: UnsafeMutablePointer<Float>
    private let stride: Int

    /// Leaf k's vector begins at `leaves + k · stride`.
    init(_ leaves: UnsafeMutablePointer<Float>, stride: Int) {
        self.leaves = leaves
        self.stride = stride
    }

    /// Runs the program's merges on a part of the elements and copies root r's to `roots + r · rootStride`; leaf k's
    /// vector takes the sum that step k leaves.
    func merge(_ program: SummationProgram, roots: UnsafeMutablePointer<Float>, rootStride: Int, part: Range<Int>) {
        guard !part.isEmpty else { return }
        var stack = LeafStack()
        for index in 0..<program.stepCount {
            let step = program.steps[index]
            let current = leaves + index * stride + part.lowerBound
            for _ in 0..<step.mergeCount {
                let earlier = leaves + stack.pop() * stride + part.lowerBound
                for element in 0..<part.count { current[element] = earlier[element] + current[element] }
            }
            if step.rootIndex < 0 {
                stack.push(index)
            } else {
                let root = roots + Int(step.rootIndex) * rootStride
                (root + part.lowerBound).update(from: current, count: part.count)
            }
        }
    }
}

/// Numbers of leaves that wait to be merged, without an allocation.
private struct LeafStack {
    private var slots = SIMD16<Int32>(repeating: 0)
    private var count = 0

    mutating func push(_ leaf: Int) {
        precondition(count < SummationProgram.maximumStackDepth, "the program's stack is too deep")
        slots[count] = Int32(truncatingIfNeeded: leaf)
        count += 1
    }

    mutating func pop() -> Int {
        precondition(count > 0, "the program merges more sums than there are")
        count -= 1
        return Int(slots[count])
    }
}
