import Collectives

/// Which owner computes which micro-batches: equal runs, or runs by measured speed. Finds slow workers.
struct MicroBatchAssignment {
    /// A worker that takes much longer for a micro-batch than the others.
    struct SlowWorker: Equatable {
        var ownNanoseconds: UInt64
        /// Median of the others.
        var usualNanoseconds: UInt64
    }

    /// Time in training before micro-batches move, so that times are measured.
    private static let rebalanceMilliseconds: UInt64 = 3000
    /// How long a worker is slow before it is reported: short loads are normal.
    private static let slownessMilliseconds: UInt64 = 3000

    private let microBatchCount: Int
    private let rebalances: Bool
    /// Since when a worker is slow, by identifier.
    private var slowSince: [UInt32: UInt64] = [:]
    /// Identifiers of workers that were reported as slow.
    private var reported: Set<UInt32> = []

    init(microBatchCount: Int, rebalances: Bool) {
        self.microBatchCount = microBatchCount
        self.rebalances = rebalances
    }

    /// Runs for owners, in their order. A time of 0 is unknown; then all runs are equal.
    func runs(microBatchNanoseconds times: [UInt64]) -> [Range<Int>] {
        guard rebalances, !times.contains(0) else {
            return Ownership.balancedRuns(microBatchCount: microBatchCount, workerCount: times.count)
        }
        return Ownership.fastestRuns(microBatchCount: microBatchCount, times: times.map { Double($0) })
    }

    /// Whether runs by speed would shorten the slowest owner's step by more than a tenth. `times` are those of the owners of
    /// `runs`, in their order.
    func wantsRebalancing(
        of runs: [Range<Int>], microBatchNanoseconds times: [UInt64], trainingSince: UInt64, now: UInt64
    ) -> Bool {
        guard rebalances, now >= trainingSince + Self.rebalanceMilliseconds, runs.count == times.count,
            !times.contains(0)
        else { return false }
        func slowest(_ runs: [Range<Int>]) -> Double {
            zip(runs, times).map { Double($0.count) * Double($1) }.max() ?? 0
        }
        return slowest(self.runs(microBatchNanoseconds: times)) < 0.9 * slowest(runs)
    }

    /// Compares a worker's time for a micro-batch with those of the other owners (0 is unknown). Returns the worker's figures
    /// once, when it has taken more than twice the median of the others for a while.
    mutating func findSlowness(
        of identifier: UInt32, ownNanoseconds: UInt64, others: [UInt64], now: UInt64
    ) -> SlowWorker? {
        guard !reported.contains(identifier) else { return nil }
        let times = others.filter { $0 > 0 }.sorted()
        guard !times.isEmpty else { return nil }
        let usual = times[times.count / 2]
        guard ownNanoseconds / 2 > usual else {
            slowSince[identifier] = nil
            return nil
        }
        let since = slowSince[identifier] ?? now
        slowSince[identifier] = since
        guard now >= since + Self.slownessMilliseconds else { return nil }
        reported.insert(identifier)
        return SlowWorker(ownNanoseconds: ownNanoseconds, usualNanoseconds: usual)
    }
}
