/// The fixed balanced binary tree over the micro-batches by which gradients and statistics are summed.
///
/// Nodes carry heap numbers: 1 is the top, `2n` and `2n + 1` are the children of `n`, and leaf `i` is `leafCount + i`.
/// A sum adds the left child's sum and the right child's sum; a child without any occupied leaf is skipped.
package struct ReductionTree: Sendable, Hashable {
    /// The most micro-batches that an experiment may have.
    package static let maximumLeafCount = 1024

    /// The number of the node that covers all leaves.
    package static let top = 1

    /// `M`, the number of leaves.
    package let leafCount: Int

    /// Whether a tree with so many leaves exists: a power of two from 1 to 1,024.
    package static func supports(leafCount: Int) -> Bool {
        (1...maximumLeafCount).contains(leafCount) && leafCount & (leafCount - 1) == 0
    }

    /// - Precondition: `supports(leafCount:)`.
    package init(leafCount: Int) {
        precondition(Self.supports(leafCount: leafCount), "a reduction tree has a power of two of leaves, up to 1024")
        self.leafCount = leafCount
    }

    /// Whether a number names a node of this tree.
    package func contains(node: Int) -> Bool {
        (1..<2 * leafCount).contains(node)
    }

    /// Whether a node is a leaf.
    package func isLeaf(_ node: Int) -> Bool {
        node >= leafCount
    }

    /// The leaves below a node. O(height).
    package func leaves(of node: Int) -> Range<Int> {
        precondition(contains(node: node), "no such node in the reduction tree")
        var first = node
        var width = 1
        while first < leafCount {
            first *= 2
            width *= 2
        }
        return first - leafCount..<first - leafCount + width
    }

    /// The maximal subtrees inside a run of consecutive leaves, from left to right: the sums that the owner of the run
    /// can make alone. At most `2·log2(M)` nodes, and one when the run is itself a subtree.
    package func maximalSubtrees(of run: Range<Int>) -> [Int] {
        precondition(run.lowerBound >= 0 && run.upperBound <= leafCount, "a run lies within the leaves")
        var nodes: [Int] = []
        collectSubtrees(of: run, below: Self.top, into: &nodes)
        return nodes
    }

    private func collectSubtrees(of run: Range<Int>, below node: Int, into nodes: inout [Int]) {
        let leaves = leaves(of: node)
        if run.isEmpty || !leaves.overlaps(run) { return }
        if run.lowerBound <= leaves.lowerBound && leaves.upperBound <= run.upperBound {
            nodes.append(node)
        } else {
            collectSubtrees(of: run, below: 2 * node, into: &nodes)
            collectSubtrees(of: run, below: 2 * node + 1, into: &nodes)
        }
    }

    /// The maximal subtrees inside a run that have samples: the sums that the owner of the run makes alone.
    package func roots(of run: Range<Int>, in batch: MicroBatches) -> [Int] {
        maximalSubtrees(of: run).filter { !batch.samples(of: leaves(of: $0)).isEmpty }
    }

    /// The sum of one Double a leaf by the tree, or nil when every leaf is skipped.
    ///
    /// Order: `left + right` at every node with two sums below it. Calls `leaf` for the leaves from left to right; a
    /// leaf of nil is skipped, never added as zero. Allocates nothing.
    package func sum(leaf: (Int) -> Double?) -> Double? {
        sum(below: Self.top, leaf)
    }

    private func sum(below node: Int, _ leaf: (Int) -> Double?) -> Double? {
        if isLeaf(node) { return leaf(node - leafCount) }
        let left = sum(below: 2 * node, leaf)
        let right = sum(below: 2 * node + 1, leaf)
        guard let left else { return right }
        guard let right else { return left }
        return left + right
    }
}
