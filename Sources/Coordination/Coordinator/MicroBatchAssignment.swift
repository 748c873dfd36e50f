import Collectives

/// Which owner computes which micro-batches: equal runs host by host, or runs by measured speed. Finds slow workers.
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

    /// Runs for owners, in their order. A time of 0 is unknown; then all runs are equal. `hostSizes` has the owners of
    /// each host, in their order.
    ///
    /// With several hosts, runs follow speed only where that shortens the slowest owner's step by more than a tenth:
    /// equal runs leave whole subtrees on a host, so that less crosses between hosts.
    func runs(microBatchNanoseconds times: [UInt64], hostSizes: [Int]) -> [Range<Int>] {
        precondition(hostSizes.reduce(0, +) == times.count, "each owner is on a host")
        let equal = Ownership.balancedRuns(microBatchCount: microBatchCount, hostSizes: hostSizes)
        guard rebalances, !times.contains(0) else { return equal }
        let fastest = Ownership.fastestRuns(microBatchCount: microBatchCount, times: times.map { Double($0) })
        return hostSizes.count == 1 || Self.shortens(fastest, equal, times) ? fastest : equal
    }

    /// Whether other runs shorten the slowest owner's step by more than a tenth.
    private static func shortens(_ others: [Range<Int>], _ runs: [Range<Int>], _ times: [UInt64]) -> Bool {
        func slowest(_ runs: [Range<Int>]) -> Double {
            zip(runs, times).map { Double($0.count) * Double($1) }.max() ?? 0
        }
        return slowest(others) < 0.9 * slowest(runs)
    }

    /// Whether runs by speed would shorten the slowest owner's step by more than a tenth. `times` are those of the
    /// owners of `runs`, in their order.
    func wantsRebalancing(
        of runs: [Range<Int>], microBatchNanoseconds times: [UInt64], trainingSince: UInt64, now: UInt64
    ) -> Bool {
        guard rebalances, now >= trainingSince + Self.rebalanceMilliseconds, runs.count == times.count,
            !times.contains(0)
        else { return false }
        let fastest = Ownership.fastestRuns(microBatchCount: microBatchCount, times: times.map { Double($0) })
        return Self.shortens(fastest, runs, times)
    }

    /// Compares a worker's time for a micro-batch with those of the other owners (0 is unknown). Returns the worker's
    /// figures once, when it has taken more than twice the median of the others for a while.
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
