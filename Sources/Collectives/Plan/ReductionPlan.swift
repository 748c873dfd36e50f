/// Who sends which sums of which elements of one vector to whom, so that every worker ends with the tree's sum.
///
/// A pure function of (M, owners, batch size, element count). Two algorithms, with S the bytes of the vector:
///
/// | algorithm | rounds | bytes sent by a worker with k roots | when |
/// |---|---|---|---|
/// | `direct` | 1 | k·S·(W−1) | short vectors, and two workers with at most one root each |
/// | `scatterGather` | 2 | k·(S−s) + (W−1)·s ≤ (k+1)·S·(W−1)/W, s its segment | all others |
///
/// In `direct` every worker sends its roots to all others, and all add them. In `scatterGather` rank r owns segment r:
/// it receives the roots of all others for its segment, adds them, and sends the sum to all. For two workers with one
/// root each both algorithms send S bytes. Segments begin at whole cache lines, which moves the bound by at most
/// `(W−1)·segmentAlignment` elements.
public struct ReductionPlan: Sendable, Hashable {
    /// How the workers exchange.
    public enum Algorithm: Sendable, Hashable {
        /// One worker: nothing is sent.
        case alone
        /// Every worker sends its roots to every other.
        case direct
        /// Segment owners add, then distribute.
        case scatterGather
    }

    /// One root: a subtree that one worker sums by itself.
    public struct Root: Sendable, Hashable {
        /// The node in the tree.
        public var node: Int
        /// The rank that owns it.
        public var owner: Int
        /// Its index among the owner's roots.
        public var localIndex: Int
    }

    /// Vectors of up to so many elements are exchanged directly by any number of workers: the frames of a second round
    /// cost more than the bytes they save. Such plans may send more than the bound of long vectors.
    public static let directElementLimit = 4096

    /// Segments begin at multiples of this many elements (64 bytes).
    public static let segmentAlignment = 16

    /// Elements of the vector.
    public let elementCount: Int
    /// The number of workers.
    public let workerCount: Int
    /// How they exchange.
    public let algorithm: Algorithm
    /// All roots with samples in them, from left to right.
    public let roots: [Root]
    /// The order in which the roots are added.
    public let schedule: CombineSchedule
    /// The elements that each rank adds; all elements for every rank unless the algorithm is `scatterGather`.
    public let segments: [Range<Int>]
    /// Frames carry at most so many elements; every segment is cut into frames of this size, the last one shorter.
    public let chunkElementCount: Int

    /// - Precondition: the batch has at least one sample, and `elementCount` is from 0 to 2^31 - 1.
    public init(ownership: Ownership, batchSize: Int, elementCount: Int) {
        precondition(batchSize > 0, "a batch has at least one sample")
        precondition((0...Int(Int32.max)).contains(elementCount), "a vector has from 0 to 2^31 - 1 elements")
        var roots: [Root] = []
        for rank in 0..<ownership.workerCount {
            let nodes = ownership.localProgram(rank: rank, batchSize: batchSize).roots
            for (index, node) in nodes.enumerated() {
                roots.append(Root(node: node, owner: rank, localIndex: index))
            }
        }
        self.roots = roots
        self.elementCount = elementCount
        workerCount = ownership.workerCount
        schedule = CombineSchedule(roots: roots.map(\.node), tree: ownership.tree)
        algorithm = Self.algorithm(roots: roots, workerCount: ownership.workerCount, elementCount: elementCount)
        segments = Self.segments(algorithm, workerCount: ownership.workerCount, elementCount: elementCount)
        chunkElementCount = Self.chunkElementCount(largestSegment: segments.map(\.count).max() ?? 0)
    }

    private static func algorithm(roots: [Root], workerCount: Int, elementCount: Int) -> Algorithm {
        if workerCount == 1 { return .alone }
        let mostRoots = (0..<workerCount).map { rank in roots.count { $0.owner == rank } }.max() ?? 0
        if workerCount == 2 && mostRoots <= 1 { return .direct }
        return elementCount <= directElementLimit ? .direct : .scatterGather
    }

    private static func segments(_ algorithm: Algorithm, workerCount: Int, elementCount: Int) -> [Range<Int>] {
        guard algorithm == .scatterGather else {
            return Array(repeating: 0..<elementCount, count: workerCount)
        }
        let lines = (elementCount + segmentAlignment - 1) / segmentAlignment
        func boundary(_ rank: Int) -> Int { min(elementCount, rank * lines / workerCount * segmentAlignment) }
        return (0..<workerCount).map { boundary($0)..<boundary($0 + 1) }
    }

    /// Bytes of payload that a rank sends for this vector.
    public func byteCountSent(by rank: Int) -> Int {
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
}
