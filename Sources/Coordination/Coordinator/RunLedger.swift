import Core

/// What the run's files have received: epochs, and digests of steps. Each is released once, in order.
///
/// An epoch is released when all owners reported the same about it. Rows are equal in every generation, so a report
/// stays valid when the membership changes. Reports of other workers count only when they become owners.
struct RunLedger {
    enum Result {
        /// Epochs that are now settled, and the workers that reported something else about them and own nothing.
        case accepted([EpochRecord], contradicting: [UInt32] = [])
        /// Owners disagree: which worker reported which digest.
        case differ(completedSteps: UInt64, reports: [(worker: UInt32, digest: SHA256Digest?)])
        /// The worker contradicts itself, or what all owners agreed on.
        case contradiction
        case ignored
    }

    /// Reports of epochs further ahead are not kept; workers repeat them.
    static let pendingEpochLimit: UInt32 = 1024

    /// What one worker or several reported of an epoch.
    private struct Report {
        var content: EpochEnded
        var workers: [UInt32]
    }

    private struct PendingEpoch {
        var epoch: UInt32
        /// One for each different content.
        var reports: [Report]
    }

    /// Epochs released so far.
    private(set) var completedEpochs: UInt32
    /// Steps whose digests are in the journal.
    private var journalledSteps: UInt64
    private var pending: [PendingEpoch] = []
    /// The epoch that was released last.
    private var recorded: EpochEnded?
    private var improvedEpochs: Set<UInt32> = []
    /// The digests of the states at the ends of released epochs, where an owner still had one.
    private var stateDigests: [UInt32: SHA256Digest] = [:]
    private var owners: [UInt32] = []

    init(completedEpochs: UInt32, completedSteps: UInt64) {
        self.completedEpochs = completedEpochs
        journalledSteps = completedSteps
    }

    /// Whether the owners agreed that the best value improved in an epoch.
    func bestImproved(inEpoch epoch: UInt32) -> Bool {
        improvedEpochs.contains(epoch)
    }

    /// The digest of the state at the end of an epoch on which the owners agreed; nil where none was reported.
    func stateDigest(ofEpoch epoch: UInt32) -> SHA256Digest? { stateDigests[epoch] }

    // MARK: Epochs

    /// Other workers own the micro-batches. Settles what they have reported already.
    mutating func startView(owners: [UInt32]) -> Result {
        self.owners = owners
        return release()
    }

    mutating func report(_ ended: EpochEnded, from worker: UInt32) -> Result {
        if let recorded, recorded.epoch == ended.epoch, !recorded.agrees(with: ended) { return .contradiction }
        guard ended.epoch > completedEpochs, ended.epoch - completedEpochs <= Self.pendingEpochLimit else {
            return .ignored
        }
        let index: Int
        if let known = pending.firstIndex(where: { $0.epoch == ended.epoch }) {
            index = known
        } else {
            index = pending.count
            pending.append(PendingEpoch(epoch: ended.epoch, reports: []))
        }
        if let own = pending[index].reports.firstIndex(where: { $0.workers.contains(worker) }) {
            guard pending[index].reports[own].content.agrees(with: ended) else { return .contradiction }
            guard pending[index].reports[own].content.stateDigest == nil, ended.stateDigest != nil else {
                return .ignored
            }
            pending[index].reports[own].content.stateDigest = ended.stateDigest
        } else if let equal = pending[index].reports.firstIndex(where: { $0.content.agrees(with: ended) }) {
            pending[index].reports[equal].workers.append(worker)
            let known = pending[index].reports[equal].content.stateDigest
            pending[index].reports[equal].content.stateDigest = known ?? ended.stateDigest
        } else {
            pending[index].reports.append(Report(content: ended, workers: [worker]))
        }
        return release()
    }

    private mutating func release() -> Result {
        var records: [EpochRecord] = []
        var contradicting: [UInt32] = []
        if let difference { return difference }
        while let index = pending.firstIndex(where: { $0.epoch == completedEpochs + 1 }),
            let content = agreedContent(of: pending[index])
        {
            let settled = pending.remove(at: index)
            contradicting += settled.reports.filter { $0.content != content }.flatMap(\.workers)
            completedEpochs += 1
            recorded = content
            stateDigests[content.epoch] = content.stateDigest
            if content.bestImproved { improvedEpochs.insert(content.epoch) }
            records.append(
                EpochRecord(
                    epoch: content.epoch, completedSteps: content.completedSteps, row: content.row,
                    stateDigest: content.stateDigest, bestImproved: content.bestImproved))
        }
        return .accepted(records, contradicting: contradicting)
    }

    /// What all owners reported; nil while a report is missing.
    private func agreedContent(of epoch: PendingEpoch) -> EpochEnded? {
        guard !owners.isEmpty else { return nil }
        return epoch.reports.first { report in owners.allSatisfy { report.workers.contains($0) } }?.content
    }

    /// Two owners that reported different things about an epoch.
    private var difference: Result? {
        for epoch in pending {
            let reports = epoch.reports.filter { report in owners.contains { report.workers.contains($0) } }
            guard reports.count > 1, let first = reports.first else { continue }
            return .differ(
                completedSteps: first.content.completedSteps,
                reports: reports.flatMap { report in
                    report.workers.filter { owners.contains($0) }.map { (worker: $0, report.content.stateDigest) }
                })
        }
        return nil
    }

    // MARK: Steps

    /// Those of the steps that are new; nil when none is, or when they reach beyond `grantedSteps`.
    mutating func takeNew(_ report: ReducedSteps, grantedSteps: UInt64) -> ReducedSteps? {
        let end = report.firstStep.addingReportingOverflow(UInt64(report.steps.count))
        guard !end.overflow, end.partialValue > journalledSteps, end.partialValue <= grantedSteps else { return nil }
        let first = max(report.firstStep, journalledSteps)
        journalledSteps = end.partialValue
        return ReducedSteps(
            generation: report.generation, firstStep: first,
            steps: Array(report.steps.dropFirst(Int(first - report.firstStep))))
    }
}

extension EpochEnded {
    /// Whether both reports are about the same epoch with the same content. An unknown digest contradicts nothing.
    fileprivate func agrees(with other: EpochEnded) -> Bool {
        (epoch, completedSteps, bestImproved) == (other.epoch, other.completedSteps, other.bestImproved)
            && row == other.row
            && (stateDigest == nil || other.stateDigest == nil || stateDigest == other.stateDigest)
    }
}
