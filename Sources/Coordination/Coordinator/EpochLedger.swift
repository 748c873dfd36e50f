import Core

/// Compares what the members report about each epoch, and releases an epoch once, in order, when all agree.
///
/// Rows are the same in every generation, so a report keeps its worth when the membership changes: an epoch that is
/// complete in the state from which a view starts is vouched for by all of its members.
struct EpochLedger {
    enum Result {
        case accepted([EpochRecord])
        /// Members disagree: which worker reported which digest.
        case differ(completedSteps: UInt64, reports: [(worker: UInt32, digest: SHA256Digest?)])
        case ignored
    }

    /// Reports of later epochs are not kept; they come again.
    static let pendingEpochLimit: UInt32 = 1024

    private struct PendingEpoch {
        var content: EpochEnded
        var workers: [UInt32]
    }

    /// Epochs released so far.
    private(set) var completedEpochs: UInt32
    private var pending: [PendingEpoch] = []
    private var improvedEpochs: Set<UInt32> = []
    /// Epochs that are complete in the state from which the current view started.
    private var agreedEpochs: UInt32 = 0
    private var members: [UInt32] = []

    init(completedEpochs: UInt32) {
        self.completedEpochs = completedEpochs
    }

    /// Whether the best value improved in an epoch that was reported.
    func bestImproved(inEpoch epoch: UInt32) -> Bool {
        improvedEpochs.contains(epoch)
    }

    /// A view begins from a state with so many complete epochs; releases what that settles.
    mutating func start(completedEpochs: UInt32, members: [UInt32]) -> [EpochRecord] {
        agreedEpochs = completedEpochs
        self.members = members
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
        guard epoch.content.epoch == completedEpochs + 1, !members.isEmpty else { return false }
        return epoch.content.epoch <= agreedEpochs || members.allSatisfy { epoch.workers.contains($0) }
    }
}

extension EpochEnded {
    /// Whether both say the same; a digest that one of them does not know is no contradiction.
    fileprivate func agrees(with other: EpochEnded) -> Bool {
        (epoch, completedSteps, bestImproved) == (other.epoch, other.completedSteps, other.bestImproved)
            && row == other.row
            && (stateDigest == nil || other.stateDigest == nil || stateDigest == other.stateDigest)
    }
}
