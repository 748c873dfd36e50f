/// Which worker sends which sums of which elements of one vector to whom, so that every worker ends with the tree's
/// sum.
///
/// A pure function of (M, owners, learners, hosts, batch size, element count). The ranks of a ``WorkerGroup`` sum
/// together:
///
/// 1. In each group the roots of a segment go to the rank that collects it. That rank adds them up to the group's
///    roots.
/// 2. The group's roots cross to other groups, where they are added up to the sum.
/// 3. The sums return to the groups' collectors, which share them with the other ranks of their group.
///
/// When every group is one rank, only the second step and the first half of the third are left: the plan is flat.
/// Between G groups with owners there are two algorithms. S is the bytes of the vector, k the roots of a group:
///
/// | algorithm | communication steps | bytes that a group sends to others | when |
/// |---|---|---|---|
/// | `direct` | 1 | k·S·(G−1) | short vectors, a single owner, and two hosts with at most one root each |
/// | `scatterGather` | 2 | k·(S−s) + (G−1)·s ≤ (k+1)·S·(G−1)/G, s its part | all others |
///
/// In `direct` every group sends its roots to all others, and all add them. In `scatterGather` group g adds part g of
/// the vector: it receives the roots of all other groups for its part, adds them, and sends the sum to all. What groups
/// send depends on the groups' micro-batches only, not on their numbers of ranks. For two groups with one root each
/// both algorithms send S bytes: two hosts save a communication step, two ranks of one host half of the additions,
/// since they read each other's sums in place. Parts start at whole cache lines, which moves the bound by at most
/// `(G−1)·segmentAlignment` elements. A learner sends nothing and adds nothing; one outside the groups of owners costs
/// each of those its part of the sums, or its roots in `direct`.
package struct ReductionPlan: Sendable, Hashable {
    /// How groups exchange.
    package enum Algorithm: Sendable, Hashable {
        /// One worker: nothing is sent.
        case alone
        /// Every group sends its roots to every other group.
        case direct
        /// Groups add a part each, then distribute.
        case scatterGather
    }

    /// One root of a group: a subtree that the group sums by itself.
    package struct Root: Sendable, Hashable {
        /// The node in the tree.
        package var node: Int
        /// The group that owns it.
        package var group: Int
        /// The roots of the group's ranks below the node, from left to right.
        package var parts: [Part]
    }

    /// One root of a rank: a subtree that the rank sums by itself.
    package struct Part: Sendable, Hashable {
        package var node: Int
        package var rank: Int
        /// Its index among the rank's roots.
        package var localIndex: Int
    }

    /// Consecutive elements that one rank of each group collects.
    package struct Segment: Sendable, Hashable {
        package var elements: Range<Int>
        /// Its place among the pieces that are collected by different ranks of a group.
        package var piece: Int
        /// The group whose collector adds the roots of all groups and sends the sums; nil when each group's collector
        /// adds.
        package var adder: Int?
    }

    /// Vectors of at most this many elements are exchanged directly by any number of groups: the frames of a second
    /// communication step cost more than the bytes that they save. Such plans may send more than the bound of long
    /// vectors.
    package static let directElementLimit = 4096

    /// Segments start at multiples of this many elements (64 bytes).
    package static let segmentAlignment = 16

    /// No frame carries more elements than this (256 KiB).
    package static let maximumChunkElementCount = 65_536

    package let ownership: Ownership
    /// Elements of the vector.
    package let elementCount: Int
    /// How groups exchange.
    package let algorithm: Algorithm
    /// All groups' roots with samples in them, from left to right.
    package let roots: [Root]
    /// The order in which these roots are added.
    package let schedule: CombineSchedule
    /// All elements, from left to right; some segments may be empty.
    package let segments: [Segment]
    /// How many pieces of a vector, or of a group's part of it, are collected by different ranks.
    package let pieceCount: Int
    /// The most elements that a frame carries; every segment is cut into frames of this size, the last one shorter.
    package let chunkElementCount: Int

    /// - Precondition: the batch has at least one sample, and `elementCount` is from 0 to 2^31 - 1.
    package init(ownership: Ownership, batchSize: Int, elementCount: Int) {
        let roots = Self.roots(ownership: ownership, batchSize: batchSize)
        self.init(
            ownership: ownership, roots: roots, elementCount: elementCount,
            schedule: CombineSchedule(roots: roots.map(\.node), tree: ownership.tree))
    }

    /// `roots` are those of `roots(ownership:batchSize:)`, and `schedule` is theirs: the same for every vector.
    init(ownership: Ownership, roots: [Root], elementCount: Int, schedule: CombineSchedule) {
        precondition((0...Int(Int32.max)).contains(elementCount), "a vector has from 0 to 2^31 - 1 elements")
        self.ownership = ownership
        self.roots = roots
        self.schedule = schedule
        self.elementCount = elementCount
        algorithm = Self.algorithm(roots: roots, ownership: ownership, elementCount: elementCount)
        pieceCount =
            elementCount <= Self.directElementLimit ? 1 : max(1, ownership.groups.map(\.ownerCount).max() ?? 1)
        segments = Self.segments(algorithm, ownership.groups, pieceCount: pieceCount, elementCount: elementCount)
        chunkElementCount = Self.chunkElementCount(largestSegment: segments.map(\.elements.count).max() ?? 0)
    }

    /// The roots of all groups, from left to right.
    static func roots(ownership: Ownership, batchSize: Int) -> [Root] {
        precondition(batchSize > 0, "a batch has at least one sample")
        let batch = MicroBatches(sampleCount: batchSize, count: ownership.microBatchCount)
        let tree = ownership.tree
        return ownership.groups.enumerated().flatMap { index, group in
            let parts = group.ranks.prefix(group.ownerCount).flatMap { rank in
                tree.roots(of: ownership.runs[rank], in: batch).enumerated().map { localIndex, node in
                    Part(node: node, rank: rank, localIndex: localIndex)
                }
            }
            return tree.roots(of: group.run, in: batch).map { node in
                let leaves = tree.leaves(of: node)
                let below = parts.filter { leaves.contains(tree.leaves(of: $0.node).lowerBound) }
                return Root(node: node, group: index, parts: below)
            }
        }
    }

    private static func algorithm(roots: [Root], ownership: Ownership, elementCount: Int) -> Algorithm {
        let groups = ownership.groups
        if groups.count == 1 { return .alone }
        if groups.count(where: { $0.ownerCount > 0 }) == 1 { return .direct }
        let mostRoots = groups.indices.map { group in roots.count { $0.group == group } }.max() ?? 0
        if groups.count == 2 && mostRoots <= 1 && !ownership.isOneHost { return .direct }
        return elementCount <= directElementLimit ? .direct : .scatterGather
    }

    private static func segments(
        _ algorithm: Algorithm, _ groups: [WorkerGroup], pieceCount: Int, elementCount: Int
    ) -> [Segment] {
        let lineCount = (elementCount + segmentAlignment - 1) / segmentAlignment
        func pieces(ofLines lines: Range<Int>, adder: Int?) -> [Segment] {
            func boundary(_ piece: Int) -> Int {
                min(elementCount, (lines.lowerBound + piece * lines.count / pieceCount) * segmentAlignment)
            }
            return (0..<pieceCount).map { piece in
                Segment(elements: boundary(piece)..<boundary(piece + 1), piece: piece, adder: adder)
            }
        }
        guard algorithm == .scatterGather else { return pieces(ofLines: 0..<lineCount, adder: nil) }
        let adderCount = groups.count { $0.ownerCount > 0 }
        return (0..<adderCount).flatMap { group in
            let lines = group * lineCount / adderCount..<(group + 1) * lineCount / adderCount
            return pieces(ofLines: lines, adder: group)
        }
    }

    /// The rank of a group that collects a segment.
    package func collector(of segment: Segment, in group: Int) -> Int {
        ownership.groups[group].collector(ofPiece: segment.piece, of: pieceCount)
    }

    /// How many elements a frame carries: at most `maximumChunkElementCount`, in frames of equal length, so that adding
    /// one frame overlaps with receiving the next.
    private static func chunkElementCount(largestSegment: Int) -> Int {
        let chunkCount = max(1, (largestSegment + maximumChunkElementCount - 1) / maximumChunkElementCount)
        let share = (largestSegment + chunkCount - 1) / chunkCount
        return max(segmentAlignment, (share + segmentAlignment - 1) / segmentAlignment * segmentAlignment)
    }

    /// How many frames carry a segment once.
    package func chunkCount(of segment: Segment) -> Int {
        (segment.elements.count + chunkElementCount - 1) / chunkElementCount
    }

    /// The elements of frame `index` of a segment.
    package func chunk(_ index: Int, of segment: Segment) -> Range<Int> {
        let begin = segment.elements.lowerBound + index * chunkElementCount
        return begin..<min(begin + chunkElementCount, segment.elements.upperBound)
    }

    /// The segment that has an element, or nil beyond the vector. O(log(segments)).
    func segmentIndex(of element: Int) -> Int? {
        guard (0..<elementCount).contains(element) else { return nil }
        var low = 0
        var high = segments.count - 1
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].elements.upperBound > element { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
