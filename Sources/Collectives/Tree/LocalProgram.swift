package import KernelInterface

/// The steps by which one worker sums its run of micro-batches without the other workers, up to its roots.
///
/// A pure function of (M, run, batch size). Empty micro-batches have no step; a root without any sample is absent.
package struct LocalProgram: Sendable, Equatable {
    /// The worker's samples, as positions in the batch.
    package let samples: Range<Int>
    /// The steps, in the order of the samples.
    package let steps: [SummationStep]
    /// The tree nodes of the roots, from left to right; `rootIndex` counts in this list.
    package let roots: [Int]

    /// - Precondition: `run` lies within `0 ..< batch.count`.
    package init(run: Range<Int>, of batch: MicroBatches) {
        let tree = ReductionTree(leafCount: batch.count)
        samples = batch.samples(of: run)
        roots = tree.roots(of: run, in: batch)
        var steps: [SummationStep] = []
        for (index, root) in roots.enumerated() {
            Self.append(node: root, tree: tree, batch: batch, origin: samples.lowerBound, to: &steps)
            steps[steps.count - 1].rootIndex = Int32(index)
        }
        self.steps = steps
    }

    /// Appends the steps below a node; false when there are none. The last step of the right child carries the merge of
    /// both children.
    @discardableResult
    private static func append(
        node: Int, tree: ReductionTree, batch: MicroBatches, origin: Int, to steps: inout [SummationStep]
    ) -> Bool {
        if tree.isLeaf(node) {
            let samples = batch[node - tree.leafCount]
            guard !samples.isEmpty else { return false }
            steps.append(
                SummationStep(
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
    /// The local program of a rank in a batch of `batchSize` samples.
    package func localProgram(rank: Int, batchSize: Int) -> LocalProgram {
        LocalProgram(run: runs[rank], of: MicroBatches(sampleCount: batchSize, count: microBatchCount))
    }
}
