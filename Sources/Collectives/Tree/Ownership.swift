/// Why a distribution of micro-batches over workers is not possible.
package enum OwnershipError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `M` is not a power of two from 1 to 64.
    case unsupportedMicroBatchCount(Int)
    /// There are no owners, or more than micro-batches.
    case unsupportedWorkerCount(Int, microBatchCount: Int)
    /// Owners and learners together are more than a view may have.
    case tooManyWorkers(Int)
    /// The run of this rank does not start where the run before it ends.
    case brokenRun(rank: Int)

    package var description: String {
        switch self {
        case .unsupportedMicroBatchCount(let count):
            "\(count) micro-batches are not possible: choose a power of two from 1 to 64"
        case .unsupportedWorkerCount(let count, let microBatchCount):
            "\(count) workers cannot share \(microBatchCount) micro-batches: choose from 1 to \(microBatchCount) workers"
        case .tooManyWorkers(let count):
            "\(count) workers are too many for one view: at most \(Ownership.maximumWorkerCount) are possible"
        case .brokenRun(let rank):
            "the micro-batches of rank \(rank) do not follow those of the rank before it"
        }
    }
}

/// Which micro-batches each rank owns: one run of consecutive micro-batches a rank, in the order of the ranks.
///
/// The last ranks may own nothing. Such a learner receives every sum and every statistic and contributes none; no other
/// rank waits for it.
package struct Ownership: Sendable, Hashable {
    /// `M`, the micro-batches of the experiment.
    package let microBatchCount: Int
    /// The run of each rank; they follow one another and cover `0 ..< microBatchCount`. Those of learners are
    /// `microBatchCount ..< microBatchCount`.
    package let runs: [Range<Int>]
    /// The number of owners, `O`: the ranks below it have micro-batches, those from it on are learners.
    package let ownerCount: Int

    /// The most workers of one view. Ranks in frames have 16 bits.
    package static let maximumWorkerCount = 512

    /// The number of workers, `W`, learners included.
    package var workerCount: Int { runs.count }

    /// Whether a rank owns nothing.
    package func isLearner(_ rank: Int) -> Bool { rank >= ownerCount }

    /// The tree by which all ranks sum.
    package var tree: ReductionTree { ReductionTree(leafCount: microBatchCount) }

    /// Equal shares: rank `r` owns `[r·M/W, (r+1)·M/W)` in whole numbers.
    package init(microBatchCount: Int, workerCount: Int) throws(OwnershipError) {
        guard ReductionTree.supports(leafCount: microBatchCount) else {
            throw .unsupportedMicroBatchCount(microBatchCount)
        }
        guard (1...microBatchCount).contains(workerCount) else {
            throw .unsupportedWorkerCount(workerCount, microBatchCount: microBatchCount)
        }
        self.microBatchCount = microBatchCount
        ownerCount = workerCount
        runs = Self.balancedRuns(microBatchCount: microBatchCount, workerCount: workerCount)
    }

    /// Runs as equal as whole numbers allow: rank `r` of `W` owns `[r·M/W, (r+1)·M/W)`.
    package static func balancedRuns(microBatchCount: Int, workerCount: Int) -> [Range<Int>] {
        precondition(workerCount > 0 && workerCount <= microBatchCount, "each worker needs a micro-batch")
        return (0..<workerCount).map { rank in
            rank * microBatchCount / workerCount..<(rank + 1) * microBatchCount / workerCount
        }
    }

    /// Runs that minimise the time of the slowest worker, with at least one micro-batch each. `times` is the time of one
    /// micro-batch on each worker, in any unit.
    ///
    /// Greedy: each further micro-batch goes to the worker that would finish it first (the lower rank among equals), which is
    /// optimal for pieces of one size. Cost: micro-batches × workers.
    package static func fastestRuns(microBatchCount: Int, times: [Double]) -> [Range<Int>] {
        precondition(!times.isEmpty && times.count <= microBatchCount, "each worker needs a micro-batch")
        precondition(times.allSatisfy { $0 > 0 && $0.isFinite }, "times are positive numbers")
        var counts = Array(repeating: 1, count: times.count)
        for _ in times.count..<microBatchCount {
            let ends = times.indices.map { Double(counts[$0] + 1) * times[$0] }
            let next = times.indices.min { ends[$0] < ends[$1] } ?? 0
            counts[next] += 1
        }
        var first = 0
        return counts.map { count in
            defer { first += count }
            return first..<first + count
        }
    }

    /// The runs of a view that was received, which are checked. A rank with an empty run, wherever it starts, is a learner.
    package init(microBatchCount: Int, runs: [Range<Int>]) throws(OwnershipError) {
        guard ReductionTree.supports(leafCount: microBatchCount) else {
            throw .unsupportedMicroBatchCount(microBatchCount)
        }
        guard runs.count <= Self.maximumWorkerCount else { throw .tooManyWorkers(runs.count) }
        let ownerCount = runs.firstIndex(where: \.isEmpty) ?? runs.count
        guard (1...microBatchCount).contains(ownerCount) else {
            throw .unsupportedWorkerCount(ownerCount, microBatchCount: microBatchCount)
        }
        var end = 0
        for (rank, run) in runs.enumerated() where rank < ownerCount || !run.isEmpty {
            guard rank < ownerCount, run.lowerBound == end else { throw .brokenRun(rank: rank) }
            end = run.upperBound
        }
        guard end == microBatchCount else { throw .brokenRun(rank: ownerCount - 1) }
        self.microBatchCount = microBatchCount
        self.ownerCount = ownerCount
        self.runs = runs.map { $0.isEmpty ? microBatchCount..<microBatchCount : $0 }
    }

    /// The rank that owns a micro-batch.
    package func owner(of microBatch: Int) -> Int {
        guard let rank = runs.firstIndex(where: { $0.contains(microBatch) }) else {
            preconditionFailure("a micro-batch index lies in 0 ..< microBatchCount")
        }
        return rank
    }
}
