import Collectives

/// A boundary: the end of a grant at which the membership changes without anything being done twice.
extension CoordinatorMachine {
    /// How long learners may lag behind the owners at a boundary.
    private static let learnerPatienceMilliseconds: UInt64 = 300

    /// Lets the grant end when somebody waits to take part, or micro-batches are to move.
    mutating func announceBoundary(now: UInt64) {
        guard phase == .training, stop == nil, !isBoundaryAnnounced,
            !roster.members.contains(where: { roster[$0].done != nil })
        else { return }
        let reason: String
        var level = LogEntry.Level.detail
        if let newcomer = newcomer(now: now) {
            reason = "\(roster[newcomer].label) joins as a learner"
        } else if let learner = promotableLearner {
            reason = "\(roster[learner].label) has caught up"
        } else if wantsRebalancing(now: now) {
            reason = "micro-batches move to faster workers"
            level = .notice
        } else {
            return
        }
        isBoundaryAnnounced = true
        log(level, "after step \(grants.stepLimit), \(reason)")
    }

    /// Regroups when everyone has reached the boundary.
    mutating func reachBoundary(now: UInt64) {
        guard isBoundaryAnnounced, phase == .training else { return }
        let members = roster.members
        guard !members.contains(where: { roster[$0].done != nil }) else { return isBoundaryAnnounced = false }
        func isThere(_ worker: Int) -> Bool { roster[worker].progress.completedSteps >= grants.stepLimit }
        guard members.allSatisfy({ isThere($0) || !isOwner($0) }) else { return }
        let reachedAt = boundaryReachedAt ?? now
        boundaryReachedAt = reachedAt
        let follows = members.filter { !isOwner($0) && roster[$0].linkedGeneration == generation }
        if follows.allSatisfy(isThere) || now >= reachedAt + Self.learnerPatienceMilliseconds {
            regroup(now: now)
        }
    }

    private func newcomer(now: UInt64) -> Int? {
        guard roster.members.count < configuration.ownerLimit else { return nil }
        return roster.prepared.first { roster[$0].rank == nil && roster[$0].benchedUntil <= now }
    }

    /// A learner that is about as far as the others, as far as its last heartbeat tells.
    private var promotableLearner: Int? {
        roster.members.first { worker in
            !isOwner(worker) && roster[worker].linkedGeneration == generation
                && roster[worker].progress.completedSteps + grants.lag >= ownersCompletedSteps
                && roster[worker].progress.completedSteps > (view?.position.completedSteps ?? 0)
        }
    }

    /// Equal runs, or runs by measured speed when micro-batches may move.
    func microBatchRuns(of owners: [Int]) -> [Range<Int>] {
        let times = owners.map { roster[$0].progress.microBatchNanoseconds }
        guard configuration.rebalances, !times.contains(0) else {
            return Ownership.balancedRuns(
                microBatchCount: configuration.microBatchCount, workerCount: owners.count)
        }
        return Ownership.fastestRuns(microBatchCount: configuration.microBatchCount, times: times.map { Double($0) })
    }

    /// Whether runs by speed would shorten the slowest worker's step by more than a tenth.
    private func wantsRebalancing(now: UInt64) -> Bool {
        guard configuration.rebalances, let view, now >= grants.startedAt + Self.rebalanceMilliseconds else {
            return false
        }
        let owners = roster.members.filter { isOwner($0) }.sorted { (roster[$0].rank ?? 0) < (roster[$1].rank ?? 0) }
        let times = owners.map { Double(roster[$0].progress.microBatchNanoseconds) }
        guard owners.count == view.ownerCount, !times.contains(0) else { return false }
        func slowest(_ runs: [Range<Int>]) -> Double {
            zip(runs, times).map { Double($0.count) * $1 }.max() ?? 0
        }
        let now = view.members.prefix(owners.count).map(\.microBatches)
        return slowest(microBatchRuns(of: owners)) < 0.9 * slowest(Array(now))
    }

    private static let rebalanceMilliseconds: UInt64 = 3000

    /// How long a worker is slow before it is named: a moment's load is nobody's fault.
    private static let slownessMilliseconds: UInt64 = 3000

    /// Names a worker that takes much longer for a micro-batch than the others do, once.
    mutating func noteSlowWorker(_ worker: Int, now: UInt64) {
        guard isOwner(worker), !slowWorkers.contains(roster[worker].identifier) else { return }
        let times = roster.members.filter { isOwner($0) && $0 != worker }
            .map { roster[$0].progress.microBatchNanoseconds }.filter { $0 > 0 }.sorted()
        guard !times.isEmpty else { return }
        let usual = times[times.count / 2]
        let own = roster[worker].progress.microBatchNanoseconds
        guard own / 2 > usual else { return roster[worker].slowSince = nil }
        let since = roster[worker].slowSince ?? now
        roster[worker].slowSince = since
        guard now >= since + Self.slownessMilliseconds else { return }
        slowWorkers.insert(roster[worker].identifier)
        log(
            .warning,
            "\(roster[worker].label) is slow: it computes \(own / 1000) µs for a micro-batch, the others "
                + "\(usual / 1000) µs"
                + (configuration.rebalances ? "" : "; --rebalance moves micro-batches away from it"))
    }
}
