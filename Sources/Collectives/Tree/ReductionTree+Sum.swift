extension ReductionTree {
    /// The sum of one Double a leaf, by the tree, with unoccupied leaves skipped; +0 when no leaf is occupied.
    ///
    /// Order: `left + right` at every node whose two sides are both occupied. Allocates nothing.
    ///
    /// Leaf `i` is read at `values[i * stride + offset]`; it takes part when bit `i` of `occupied` is set.
    package func sum(_ values: UnsafePointer<Double>, stride: Int, offset: Int, occupied: UInt64) -> Double {
        partialSum(values, stride: stride, offset: offset, occupied: occupied, node: Self.top) ?? 0
    }

    private func partialSum(
        _ values: UnsafePointer<Double>, stride: Int, offset: Int, occupied: UInt64, node: Int
    ) -> Double? {
        if isLeaf(node) {
            let leaf = node - leafCount
            return occupied >> UInt64(leaf) & 1 == 1 ? values[leaf * stride + offset] : nil
        }
        let left = partialSum(values, stride: stride, offset: offset, occupied: occupied, node: 2 * node)
        let right = partialSum(values, stride: stride, offset: offset, occupied: occupied, node: 2 * node + 1)
        guard let left else { return right }
        guard let right else { return left }
        return left + right
    }
}
