/// One leaf of a worker's part of the tree, and what happens to its sum.
///
/// The fields are those of the kernels' summation step: sum the samples `sampleBegin ..< sampleEnd`, add `mergeCount`
/// earlier sums from the stack, then push the result (`rootIndex` is -1) or write it to root `rootIndex`.
package struct LocalStep: Sendable, Hashable {
    /// The first sample of the micro-batch, counted from the first sample of the worker's run.
    package var sampleBegin: Int32
    /// One past the last sample; never equal to `sampleBegin`.
    package var sampleEnd: Int32
    /// How many sums to take from the stack and add, most recent first.
    package var mergeCount: Int32
    /// Which root the result is, or -1.
    package var rootIndex: Int32

    package init(sampleBegin: Int32, sampleEnd: Int32, mergeCount: Int32, rootIndex: Int32) {
        self.sampleBegin = sampleBegin
        self.sampleEnd = sampleEnd
        self.mergeCount = mergeCount
        self.rootIndex = rootIndex
    }
}

/// How one worker sums its run of micro-batches as far as the tree allows without the other workers.
///
/// A pure function of (M, run, batch size). Empty micro-batches have no step; a root without any sample is absent.
package struct LocalProgram: Sendable, Hashable {
    /// The worker's samples, as positions in the batch.
    package let samples: Range<Int>
    /// The steps, in the order of the samples.
    package let steps: [LocalStep]
    /// The tree nodes of the roots, from left to right; `rootIndex` counts in this list.
    package let roots: [Int]

    /// - Precondition: `run` lies within `0 ..< batch.count`.
    package init(run: Range<Int>, of batch: MicroBatches) {
        let tree = ReductionTree(leafCount: batch.count)
        let occupied = batch.occupied
        samples = batch.samples(of: run)
        roots = tree.maximalSubtrees(of: run).filter { tree.isOccupied($0, occupied: occupied) }
        var steps: [LocalStep] = []
        for (index, root) in roots.enumerated() {
            Self.append(node: root, tree: tree, batch: batch, origin: samples.lowerBound, to: &steps)
            steps[steps.count - 1].rootIndex = Int32(index)
        }
        self.steps = steps
    }

    /// Appends the steps below a node; says whether there were any. The last step of the right child carries the merge
    /// of both children.
    @discardableResult
    private static func append(
        node: Int, tree: ReductionTree, batch: MicroBatches, origin: Int, to steps: inout [LocalStep]
    ) -> Bool {
        if tree.isLeaf(node) {
            let samples = batch[node - tree.leafCount]
            guard !samples.isEmpty else { return false }
            steps.append(
                LocalStep(
                    sampleBegin: Int32(samples.lowerBound - origin), sampleEnd: Int32(samples.upperBound - origin),
                    mergeCount: 0, rootIndex: -1))
            return true
        }
        let hasLeft = append(node: 2 * node, tree: tree, batch: batch, origin: origin, to: &steps)
        let hasRight = append(node: 2 * node + 1, tree: tree, batch: batch, origin: origin, to: &steps)
        if hasLeft && hasRight { steps[steps.count - 1].mergeCount += 1 }
        return hasLeft || hasRight
    }
}

extension Ownership {
    /// What the worker of a rank sums by itself in a batch of `batchSize` samples.
    package func localProgram(rank: Int, batchSize: Int) -> LocalProgram {
        LocalProgram(run: runs[rank], of: MicroBatches(sampleCount: batchSize, count: microBatchCount))
    }
}
