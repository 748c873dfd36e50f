/// Why a distribution of micro-batches over workers is not possible.
public enum OwnershipError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `M` is not a power of two from 1 to 64.
    case unsupportedMicroBatchCount(Int)
    /// There are no workers, or more than micro-batches.
    case unsupportedWorkerCount(Int, microBatchCount: Int)
    /// The run of this rank is empty or does not begin where the run before it ends.
    case brokenRun(rank: Int)

    public var description: String {
        switch self {
        case .unsupportedMicroBatchCount(let count):
            "\(count) micro-batches are not possible: choose a power of two from 1 to 64"
        case .unsupportedWorkerCount(let count, let microBatchCount):
            "\(count) workers cannot share \(microBatchCount) micro-batches: choose from 1 to \(microBatchCount) workers"
        case .brokenRun(let rank):
            "the micro-batches of rank \(rank) are empty or do not follow those of the rank before it"
        }
    }
}

/// Which micro-batches each rank owns: one run of consecutive micro-batches a rank, in the order of the ranks.
public struct Ownership: Sendable, Hashable {
    /// `M`, the micro-batches of the experiment.
    public let microBatchCount: Int
    /// The run of each rank; they follow one another, none is empty, together they cover `0 ..< microBatchCount`.
    public let runs: [Range<Int>]

    /// The number of workers, `W`.
    public var workerCount: Int { runs.count }

    /// The tree that all of them sum by.
    public var tree: ReductionTree { ReductionTree(leafCount: microBatchCount) }

    /// Equal shares: rank `r` owns `[r·M/W, (r+1)·M/W)` in whole numbers.
    public init(microBatchCount: Int, workerCount: Int) throws(OwnershipError) {
        guard ReductionTree.supports(leafCount: microBatchCount) else {
            throw .unsupportedMicroBatchCount(microBatchCount)
        }
        guard (1...microBatchCount).contains(workerCount) else {
            throw .unsupportedWorkerCount(workerCount, microBatchCount: microBatchCount)
        }
        self.microBatchCount = microBatchCount
        runs = (0..<workerCount).map { rank in
            rank * microBatchCount / workerCount..<(rank + 1) * microBatchCount / workerCount
        }
    }

    /// Any runs, as a view that came over the network tells them.
    public init(microBatchCount: Int, runs: [Range<Int>]) throws(OwnershipError) {
        guard ReductionTree.supports(leafCount: microBatchCount) else {
            throw .unsupportedMicroBatchCount(microBatchCount)
        }
        guard (1...microBatchCount).contains(runs.count) else {
            throw .unsupportedWorkerCount(runs.count, microBatchCount: microBatchCount)
        }
        var end = 0
        for (rank, run) in runs.enumerated() {
            guard run.lowerBound == end, !run.isEmpty else { throw .brokenRun(rank: rank) }
            end = run.upperBound
        }
        guard end == microBatchCount else { throw .brokenRun(rank: runs.count - 1) }
        self.microBatchCount = microBatchCount
        self.runs = runs
    }

    /// The rank that owns a micro-batch.
    public func owner(of microBatch: Int) -> Int {
        guard let rank = runs.firstIndex(where: { $0.contains(microBatch) }) else {
            preconditionFailure("a micro-batch index lies in 0 ..< microBatchCount")
        }
        return rank
    }
}
