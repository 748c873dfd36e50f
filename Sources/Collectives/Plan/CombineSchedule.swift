/// The order in which the roots below a node are added, so that the result is exactly the tree's sum of that node.
///
/// Values are numbered: `0 ..< operandCount` are the roots from left to right, then the results of the additions in
/// order. The last addition is the sum. With one operand there is nothing to add: the sum is that operand.
package struct CombineSchedule: Sendable, Hashable {
    /// One addition: value `left` + value `right`, elementwise.
    package struct Addition: Sendable, Hashable {
        /// The number of the left value.
        package var left: Int
        /// The number of the right value.
        package var right: Int
    }

    /// How many roots there are.
    package let operandCount: Int
    /// The additions, each after those whose results it uses; `operandCount - 1` of them (none without operands).
    package let additions: [Addition]
    /// For each addition, the piece of scratch memory that can hold its result until it is used.
    package let scratchIndices: [Int]
    /// How many pieces of scratch memory are needed at once, at most the height of the tree.
    package let scratchCount: Int

    /// `roots` are disjoint nodes from left to right, with all samples below `node`.
    package init(roots: [Int], below node: Int = ReductionTree.top, tree: ReductionTree) {
        operandCount = roots.count
        var additions: [Addition] = []
        var nextOperand = 0
        Self.append(node: node, roots: roots, tree: tree, next: &nextOperand, to: &additions)
        precondition(nextOperand == roots.count, "the roots are disjoint nodes of the tree, from left to right")
        self.additions = additions
        (scratchIndices, scratchCount) = Self.assignScratch(operandCount: roots.count, additions: additions)
    }

    /// Adds in the order of the ranks instead of the tree's: tests must detect this.
    init(leftToRight operandCount: Int) {
        self.operandCount = operandCount
        additions = (0..<max(0, operandCount - 1)).map { index in
            Addition(left: index == 0 ? 0 : operandCount + index - 1, right: index + 1)
        }
        (scratchIndices, scratchCount) = Self.assignScratch(operandCount: operandCount, additions: additions)
    }

    /// Additions are in postorder, so their results form a stack: a result takes the place of its left operand, if that
    /// has one, and frees the place of its right operand.
    private static func assignScratch(operandCount: Int, additions: [Addition]) -> ([Int], Int) {
        var indices: [Int] = []
        var depth = 0
        var deepest = 0
        for addition in additions {
            depth -= [addition.left, addition.right].count { $0 >= operandCount }
            indices.append(depth)
            depth += 1
            deepest = max(deepest, depth)
        }
        return (indices, deepest)
    }

    @discardableResult
    private static func append(
        node: Int, roots: [Int], tree: ReductionTree, next: inout Int, to additions: inout [Addition]
    ) -> Int? {
        if next < roots.count, roots[next] == node {
            next += 1
            return next - 1
        }
        if tree.isLeaf(node) { return nil }
        let left = append(node: 2 * node, roots: roots, tree: tree, next: &next, to: &additions)
        let right = append(node: 2 * node + 1, roots: roots, tree: tree, next: &next, to: &additions)
        guard let left else { return right }
        guard let right else { return left }
        additions.append(Addition(left: left, right: right))
        return roots.count + additions.count - 1
    }
}
