import Collectives

/// What one micro-batch adds to the sums of its epoch.
package struct MicroBatchStatistics: Sendable, Equatable {
    /// The sum of the samples' losses, one after another, in Double.
    package var lossSum: Double
    package var correctCount: Int
    /// 0 for an empty micro-batch, which takes no part in the sums.
    package var sampleCount: Int

    package init(lossSum: Double = 0, correctCount: Int = 0, sampleCount: Int = 0) {
        self.lossSum = lossSum
        self.correctCount = correctCount
        self.sampleCount = sampleCount
    }

    /// The sum over all micro-batches by the fixed tree, empty ones skipped.
    static func sum(_ microBatches: UnsafeMutableBufferPointer<MicroBatchStatistics>) -> MicroBatchStatistics {
        var total = MicroBatchStatistics()
        total.lossSum =
            treeSum(microBatches, node: ReductionTree.top, ReductionTree(leafCount: microBatches.count)) ?? 0
        for microBatch in microBatches {
            total.correctCount += microBatch.correctCount
            total.sampleCount += microBatch.sampleCount
        }
        return total
    }

    private static func treeSum(
        _ microBatches: UnsafeMutableBufferPointer<MicroBatchStatistics>, node: Int, _ tree: ReductionTree
    ) -> Double? {
        if tree.isLeaf(node) {
            let leaf = microBatches[node - tree.leafCount]
            return leaf.sampleCount > 0 ? leaf.lossSum : nil
        }
        let left = treeSum(microBatches, node: 2 * node, tree)
        let right = treeSum(microBatches, node: 2 * node + 1, tree)
        guard let left else { return right }
        guard let right else { return left }
        return left + right
    }
}
