import Core

/// What the run's files have received: epochs, and digests of steps. Each is released once, in order.
///
/// An epoch is released when all owners reported the same about it. Rows are equal in every generation, so a report stays
/// valid when the membership changes. All members of a view confirm the epochs that are complete in the view's first state.
struct RunLedger {
    enum Result {
        /// Epochs that are now settled.
        case accepted([EpochRecord])
        /// Owners disagree: which worker reported which digest.
        case differ(completedSteps: UInt64, reports: [(worker: UInt32, digest: SHA256Digest?)])
        case ignored
    }

    /// Reports of epochs further ahead are not kept; workers repeat them.
    static let pendingEpochLimit: UInt32 = 1024

    private struct PendingEpoch {
        var content: EpochEnded
        var workers: [UInt32]
    }

    /// Epochs released so far.
    private(set) var completedEpochs: UInt32
    /// Steps whose digests are in the journal.
    private var journalledSteps: UInt64
    private var pending: [PendingEpoch] = []
    private var improvedEpochs: Set<UInt32> = []
    /// Epochs that are complete in the state from which the current view started.
    private var agreedEpochs: UInt32 = 0
    private var owners: [UInt32] = []

    init(completedEpochs: UInt32, completedSteps: UInt64) {
        self.completedEpochs = completedEpochs
        journalledSteps = completedSteps
    }

    /// Whether the best value improved in an epoch that was reported.
    func bestImproved(inEpoch epoch: UInt32) -> Bool {
        improvedEpochs.contains(epoch)
    }

    /// A view starts from a state with so many complete epochs. Returns the epochs that this settles.
    mutating func startView(completedEpochs: UInt32, owners: [UInt32]) -> [EpochRecord] {
        agreedEpochs = completedEpochs
        self.owners = owners
        return release()
    }

    mutating func report(_ ended: EpochEnded, from worker: UInt32) -> Result {
        guard ended.epoch <= completedEpochs || ended.epoch - completedEpochs <= Self.pendingEpochLimit else {
            return .ignored
        }
        if ended.bestImproved { improvedEpochs.insert(ended.epoch) }
        guard ended.epoch > completedEpochs else { return .ignored }
        if let index = pending.firstIndex(where: { $0.content.epoch == ended.epoch }) {
            guard pending[index].content.agrees(with: ended) else {
                let reports = pending[index].workers.map { (worker: $0, digest: pending[index].content.stateDigest) }
                return .differ(
                    completedSteps: ended.completedSteps,
                    reports: reports + [(worker: worker, digest: ended.stateDigest)])
            }
            guard !pending[index].workers.contains(worker) else { return .ignored }
            pending[index].workers.append(worker)
            pending[index].content.stateDigest = pending[index].content.stateDigest ?? ended.stateDigest
        } else {
            pending.append(PendingEpoch(content: ended, workers: [worker]))
        }
        return .accepted(release())
    }

    /// The journal entry for those of the digests that are new; nil when none is.
    mutating func takeNew(_ report: StepDigests) -> RunEvent? {
        let end = report.firstStep.addingReportingOverflow(UInt64(report.digests.count))
        guard !end.overflow, end.partialValue > journalledSteps else { return nil }
        let first = max(report.firstStep, journalledSteps)
        journalledSteps = end.partialValue
        let digests = Array(report.digests.dropFirst(Int(first - report.firstStep)))
        return .stepDigests(firstStep: first, digests: digests)
    }

    private mutating func release() -> [EpochRecord] {
        var records: [EpochRecord] = []
        while let index = pending.firstIndex(where: { isSettled($0) }) {
            let content = pending.remove(at: index).content
            completedEpochs += 1
            records.append(
                EpochRecord(
                    epoch: content.epoch, completedSteps: content.completedSteps, row: content.row,
                    stateDigest: content.stateDigest, bestImproved: content.bestImproved))
        }
        return records
    }

    private func isSettled(_ epoch: PendingEpoch) -> Bool {
        guard epoch.content.epoch == completedEpochs + 1, !owners.isEmpty else { return false }
        return epoch.content.epoch <= agreedEpochs || owners.allSatisfy { epoch.workers.contains($0) }
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
