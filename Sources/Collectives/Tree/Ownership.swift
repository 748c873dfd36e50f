/// Why a distribution of micro-batches over workers is not possible.
package enum OwnershipError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `M` is not a power of two from 1 to 1,024.
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
            "\(count) micro-batches are not possible: choose a power of two from 1 to 1024"
        case .unsupportedWorkerCount(let count, let microBatchCount):
            "\(count) workers cannot share \(microBatchCount) micro-batches: choose from 1 to \(microBatchCount) workers"
        case .tooManyWorkers(let count):
            "\(count) workers are too many for one view: at most \(Ownership.maximumWorkerCount) are possible"
        case .brokenRun(let rank):
            "the micro-batches of rank \(rank) do not follow those of the rank before it"
        }
    }
}

/// Which micro-batches each rank owns: one run of consecutive micro-batches a rank, in the order of the ranks. And
/// which ranks share a host.
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
    /// The host of each rank, as a small number.
    package let hosts: [Int]
    /// The ranks that sum together before they send anything to others; groups with owners come first, from left to
    /// right.
    package let groups: [WorkerGroup]
    /// The group of each rank.
    package let groupIndices: [Int]

    /// Whether there are several owners, all on one host.
    var isOneHost: Bool { ownerCount > 1 && hosts[..<ownerCount].allSatisfy { $0 == hosts[0] } }

    /// The most workers of one view. Ranks in frames have 16 bits.
    package static let maximumWorkerCount = 1024

    /// The number of workers, `W`, learners included.
    package var workerCount: Int { runs.count }

    /// Whether a rank owns nothing.
    package func isLearner(_ rank: Int) -> Bool { rank >= ownerCount }

    /// The tree by which all ranks sum.
    package var tree: ReductionTree { ReductionTree(leafCount: microBatchCount) }

    /// Equal shares on one host: rank `r` owns `[r·M/W, (r+1)·M/W)` in whole numbers.
    package init(microBatchCount: Int, workerCount: Int) throws(OwnershipError) {
        guard ReductionTree.supports(leafCount: microBatchCount) else {
            throw .unsupportedMicroBatchCount(microBatchCount)
        }
        guard (1...microBatchCount).contains(workerCount) else {
            throw .unsupportedWorkerCount(workerCount, microBatchCount: microBatchCount)
        }
        try self.init(
            microBatchCount: microBatchCount,
            runs: Self.balancedRuns(microBatchCount: microBatchCount, workerCount: workerCount))
    }

    /// Runs as equal as whole numbers allow: rank `r` of `W` owns `[r·M/W, (r+1)·M/W)`.
    package static func balancedRuns(microBatchCount: Int, workerCount: Int) -> [Range<Int>] {
        precondition(workerCount > 0 && workerCount <= microBatchCount, "each worker needs a micro-batch")
        return (0..<workerCount).map { rank in
            rank * microBatchCount / workerCount..<(rank + 1) * microBatchCount / workerCount
        }
    }

    /// Runs host by host, as equal as whole numbers allow. `hostSizes` has the workers of each host, in the order of
    /// ranks.
    ///
    /// A host gets its share of the micro-batches, rounded down or up. Where both are possible the host ends at the
    /// more even boundary, which cuts fewer subtrees, so that its workers' sums meet in fewer roots. No worker has more
    /// than in `balancedRuns`, and where all hosts have equally many workers, a host's run does not depend on how many.
    package static func balancedRuns(microBatchCount: Int, hostSizes: [Int]) -> [Range<Int>] {
        let workerCount = hostSizes.reduce(0, +)
        precondition(hostSizes.allSatisfy { $0 > 0 }, "a host has workers")
        precondition(workerCount > 0 && workerCount <= microBatchCount, "each worker needs a micro-batch")
        let least = hostSizes.map { $0 * microBatchCount / workerCount }
        let most = hostSizes.map { ($0 * microBatchCount + workerCount - 1) / workerCount }
        var (leastAfter, mostAfter) = (least.reduce(0, +), most.reduce(0, +))
        var begin = 0
        return hostSizes.indices.flatMap { host -> [Range<Int>] in
            leastAfter -= least[host]
            mostAfter -= most[host]
            let ends =
                max(
                    begin + least[host], microBatchCount - mostAfter)...min(
                    begin + most[host], microBatchCount - leastAfter)
            let end = ends.max { $0.trailingZeroBitCount < $1.trailingZeroBitCount } ?? ends.lowerBound
            defer { begin = end }
            return balancedRuns(microBatchCount: end - begin, workerCount: hostSizes[host])
                .map { begin + $0.lowerBound..<begin + $0.upperBound }
        }
    }

    /// Runs that minimise the time of the slowest worker, with at least one micro-batch each. `times` is the time of
    /// one micro-batch on each worker, in any unit.
    ///
    /// Greedy: each further micro-batch goes to the worker that would finish it first (the lower rank among equals),
    /// which is optimal for pieces of one size. Cost: micro-batches × workers.
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

    /// The runs of a view that was received, which are checked. A rank with an empty run, wherever it starts, is a
    /// learner. `hosts` has a number for each rank; nil for one host.
    ///
    /// - Precondition: there are as many hosts as runs.
    package init(microBatchCount: Int, runs: [Range<Int>], hosts: [Int]? = nil) throws(OwnershipError) {
        precondition(hosts == nil || hosts?.count == runs.count, "each rank has a host")
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
        self.hosts = hosts ?? Array(repeating: 0, count: runs.count)
        groups = WorkerGroup.groups(runs: self.runs, ownerCount: ownerCount, hosts: self.hosts)
        var groupIndices = Array(repeating: 0, count: runs.count)
        for (index, group) in groups.enumerated() {
            for rank in group.ranks { groupIndices[rank] = index }
        }
        self.groupIndices = groupIndices
    }

    /// The rank that owns a micro-batch.
    package func owner(of microBatch: Int) -> Int {
        guard let rank = runs.firstIndex(where: { $0.contains(microBatch) }) else {
            preconditionFailure("a micro-batch index lies in 0 ..< microBatchCount")
        }
        return rank
    }
}
