/// Compares what the members report about each epoch, and releases an epoch once, in order, when all agree.
struct EpochLedger {
    enum Result {
        case accepted([EpochRecord])
        /// Members disagree: which worker reported which digest.
        case differ(completedSteps: UInt64, reports: [(worker: UInt32, digest: ContentDigest)])
        case ignored
    }

    private struct PendingEpoch {
        var content: EpochEnded
        var workers: [UInt32]
    }

    /// Epochs released so far.
    private(set) var completedEpochs: UInt32
    private var pending: [PendingEpoch] = []
    private var improvedEpochs: Set<UInt32> = []

    init(completedEpochs: UInt32) {
        self.completedEpochs = completedEpochs
    }

    /// Whether the best value improved in a released epoch.
    func bestImproved(inEpoch epoch: UInt32) -> Bool {
        improvedEpochs.contains(epoch)
    }

    mutating func report(_ ended: EpochEnded, from worker: UInt32, memberCount: Int) -> Result {
        guard ended.epoch > completedEpochs else { return .ignored }
        if let index = pending.firstIndex(where: { $0.content.epoch == ended.epoch }) {
            guard pending[index].content == ended else {
                let reports = pending[index].workers.map { (worker: $0, digest: pending[index].content.stateDigest) }
                return .differ(
                    completedSteps: ended.completedSteps,
                    reports: reports + [(worker: worker, digest: ended.stateDigest)])
            }
            guard !pending[index].workers.contains(worker) else { return .ignored }
            pending[index].workers.append(worker)
        } else {
            pending.append(PendingEpoch(content: ended, workers: [worker]))
        }
        return .accepted(release(memberCount: memberCount))
    }

    private mutating func release(memberCount: Int) -> [EpochRecord] {
        var records: [EpochRecord] = []
        while let index = pending.firstIndex(where: {
            $0.content.epoch == completedEpochs + 1 && $0.workers.count == memberCount
        }) {
            let content = pending.remove(at: index).content
            completedEpochs += 1
            if content.bestImproved {
                improvedEpochs.insert(content.epoch)
            }
            records.append(
                EpochRecord(
                    epoch: content.epoch, completedSteps: content.completedSteps, row: content.row,
                    stateDigest: content.stateDigest, bestImproved: content.bestImproved))
        }
        return records
    }
}
