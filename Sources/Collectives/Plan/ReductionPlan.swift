/// Which worker sends which sums of which elements of one vector to whom, so that every worker ends with the tree's sum.
///
/// A pure function of (M, owners, learners, batch size, element count). Two algorithms, with S the bytes of the vector:
///
/// | algorithm | communication steps | bytes sent by an owner with k roots | when |
/// |---|---|---|---|
/// | `direct` | 1 | k·S·(W−1) | short vectors, a single owner, and two workers with at most one root each |
/// | `scatterGather` | 2 | k·(S−s) + (W−1)·s ≤ (k+1)·S·(O−1)/O + (W−O)·s, s its segment | all others |
///
/// In `direct` every owner sends its roots to all others, and all add them. In `scatterGather` owner r adds segment r:
/// it receives the roots of all other owners for its segment, adds them, and sends the sum to all. For two workers with
/// one root each both algorithms send S bytes. Segments start at whole cache lines, which moves the bound by at most
/// `(O−1)·segmentAlignment` elements. A learner sends nothing and adds no segment; each one costs every owner its
/// segment's sums, S/O bytes, or its roots in `direct`.
package struct ReductionPlan: Sendable, Hashable {
    /// How the workers exchange.
    package enum Algorithm: Sendable, Hashable {
        /// One worker: nothing is sent.
        case alone
        /// Every owner sends its roots to every other worker.
        case direct
        /// Owners add a segment each, then distribute.
        case scatterGather
    }

    /// One root: a subtree that one worker sums by itself.
    package struct Root: Sendable, Hashable {
        /// The node in the tree.
        package var node: Int
        /// The rank that owns it.
        package var owner: Int
        /// Its index among the owner's roots.
        package var localIndex: Int
    }

    /// Vectors of at most this many elements are exchanged directly by any number of workers: the frames of a second
    /// communication step cost more than the bytes that they save. Such plans may send more than the bound of long vectors.
    package static let directElementLimit = 4096

    /// Segments start at multiples of this many elements (64 bytes).
    package static let segmentAlignment = 16

    /// No frame carries more elements than this (256 KiB).
    package static let maximumChunkElementCount = 65_536

    /// Elements of the vector.
    package let elementCount: Int
    /// The number of workers, learners included.
    package let workerCount: Int
    /// The number of workers with micro-batches; they have the lowest ranks.
    package let ownerCount: Int
    /// How they exchange.
    package let algorithm: Algorithm
    /// All roots with samples in them, from left to right.
    package let roots: [Root]
    /// The order in which the roots are added.
    package let schedule: CombineSchedule
    /// The elements that each rank adds; all elements for every rank unless the algorithm is `scatterGather`, in which
    /// learners add none.
    package let segments: [Range<Int>]
    /// The most elements that a frame carries; every segment is cut into frames of this size, the last one shorter.
    package let chunkElementCount: Int

    /// - Precondition: the batch has at least one sample, and `elementCount` is from 0 to 2^31 - 1.
    package init(ownership: Ownership, batchSize: Int, elementCount: Int) {
        self.init(ownership: ownership, batchSize: batchSize, elementCount: elementCount, safeguards: Safeguards())
    }

    init(ownership: Ownership, batchSize: Int, elementCount: Int, safeguards: Safeguards) {
        precondition(batchSize > 0, "a batch has at least one sample")
        precondition((0...Int(Int32.max)).contains(elementCount), "a vector has from 0 to 2^31 - 1 elements")
        var roots: [Root] = []
        for rank in 0..<ownership.ownerCount {
            let nodes = ownership.localProgram(rank: rank, batchSize: batchSize).roots
            for (index, node) in nodes.enumerated() {
                roots.append(Root(node: node, owner: rank, localIndex: index))
            }
        }
        self.roots = roots
        self.elementCount = elementCount
        workerCount = ownership.workerCount
        ownerCount = ownership.ownerCount
        schedule =
            safeguards.addsByTree
            ? CombineSchedule(roots: roots.map(\.node), tree: ownership.tree)
            : CombineSchedule(leftToRight: roots.count)
        algorithm = Self.algorithm(roots: roots, ownership: ownership, elementCount: elementCount)
        segments = Self.segments(algorithm, ownership: ownership, elementCount: elementCount)
        chunkElementCount = Self.chunkElementCount(largestSegment: segments.map(\.count).max() ?? 0)
    }

    private static func algorithm(roots: [Root], ownership: Ownership, elementCount: Int) -> Algorithm {
        if ownership.workerCount == 1 { return .alone }
        if ownership.ownerCount == 1 { return .direct }
        let mostRoots = (0..<ownership.ownerCount).map { rank in roots.count { $0.owner == rank } }.max() ?? 0
        if ownership.workerCount == 2 && mostRoots <= 1 { return .direct }
        return elementCount <= directElementLimit ? .direct : .scatterGather
    }

    private static func segments(_ algorithm: Algorithm, ownership: Ownership, elementCount: Int) -> [Range<Int>] {
        guard algorithm == .scatterGather else {
            return Array(repeating: 0..<elementCount, count: ownership.workerCount)
        }
        let lines = (elementCount + segmentAlignment - 1) / segmentAlignment
        // The segments of learners, beyond the last boundary, are empty.
        func boundary(_ rank: Int) -> Int {
            min(elementCount, min(rank, ownership.ownerCount) * lines / ownership.ownerCount * segmentAlignment)
        }
        return (0..<ownership.workerCount).map { boundary($0)..<boundary($0 + 1) }
    }

    /// Bytes of payload that a rank sends for this vector.
    package func byteCountSent(by rank: Int) -> Int {
        let rootCount = roots.count { $0.owner == rank }
        let others = workerCount - 1
        switch algorithm {
        case .alone: return 0
        case .direct: return 4 * rootCount * elementCount * others
        case .scatterGather:
            let own = segments[rank].count
            return 4 * (rootCount * (elementCount - own) + others * own)
        }
    }

    /// How many elements a frame carries: at most `maximumChunkElementCount`, in frames of equal length, so that adding one
    /// frame overlaps with receiving the next.
    private static func chunkElementCount(largestSegment: Int) -> Int {
        let chunkCount = max(1, (largestSegment + maximumChunkElementCount - 1) / maximumChunkElementCount)
        let share = (largestSegment + chunkCount - 1) / chunkCount
        return max(segmentAlignment, (share + segmentAlignment - 1) / segmentAlignment * segmentAlignment)
    }

    /// How many frames carry a segment once.
    package func chunkCount(of segment: Range<Int>) -> Int {
        (segment.count + chunkElementCount - 1) / chunkElementCount
    }

    /// The elements of frame `index` of a segment.
    package func chunk(_ index: Int, of segment: Range<Int>) -> Range<Int> {
        let begin = segment.lowerBound + index * chunkElementCount
        return begin..<min(begin + chunkElementCount, segment.upperBound)
    }
}
