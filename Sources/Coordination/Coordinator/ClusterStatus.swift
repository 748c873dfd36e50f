/// What a coordinator knows of its workers at one moment, for people who watch a run.
package struct ClusterStatus: Sendable, Equatable {
    package struct Worker: Sendable, Equatable {
        package var name: String
        package var host: String
        package var processIdentifier: Int32
        /// Place in the view; nil for a spare, or a worker that still joins.
        package var rank: Int?
        /// Micro-batches of each step that it computes; 0 for a learner or a spare.
        package var microBatchCount: Int
        package var phase: WorkerPhase
        package var completedSteps: UInt64
        /// Nanoseconds of computing for a micro-batch, without waiting for peers; 0 when not known.
        package var microBatchNanoseconds: UInt64
        /// Since its last message.
        package var silentMilliseconds: UInt64
    }

    /// The open links of a view.
    package struct Links: Sendable, Equatable {
        package var view: View
        /// By rank.
        package var sharesMemory: [Bool]

        package init(view: View, sharesMemory: [Bool]) {
            self.view = view
            self.sharesMemory = sharesMemory
        }
    }

    /// What the coordinator is doing, in words.
    package var phase: String
    /// Whether steps have to follow one another.
    package var isTraining: Bool
    /// Of the current view; 0 before the first.
    package var generation: UInt64
    /// The current view, and for each member whether it shares memory with all others of its host; nil while links are
    /// not open.
    package var links: Links?
    /// Those that are present, in the order of their joining.
    package var workers: [Worker]
}

extension CoordinatorMachine {
    /// The workers and what they do. Changes nothing.
    package func status(now: UInt64) -> ClusterStatus {
        let members = membership.view?.members ?? []
        let workers = roster.present.map { index in
            let worker = roster[index]
            let member = worker.rank.flatMap { members.indices.contains($0) ? members[$0] : nil }
            return ClusterStatus.Worker(
                name: worker.hello.name, host: worker.hello.host, processIdentifier: worker.hello.processIdentifier,
                rank: worker.rank, microBatchCount: member?.microBatches.count ?? 0, phase: worker.progress.phase,
                completedSteps: worker.progress.completedSteps,
                microBatchNanoseconds: worker.progress.microBatchNanoseconds,
                silentMilliseconds: now - min(now, worker.lastReceived))
        }
        return ClusterStatus(
            phase: phase.words, isTraining: phase == .training, generation: membership.view?.generation ?? 0,
            links: links, workers: workers)
    }

    /// Those of the members that have reported their links; nil before all owners have.
    private var links: ClusterStatus.Links? {
        guard let view = membership.view, phase == .training else { return nil }
        var sharesMemory = Array(repeating: false, count: view.members.count)
        for index in roster.members {
            guard let rank = roster[index].rank, sharesMemory.indices.contains(rank) else { continue }
            sharesMemory[rank] = roster[index].linkedGeneration == view.generation && roster[index].sharesMemory
        }
        return ClusterStatus.Links(view: view, sharesMemory: sharesMemory)
    }
}

extension CoordinatorMachine.Phase {
    /// The phase in the words of a status line.
    fileprivate var words: String {
        switch self {
        case .gathering: "waiting for workers"
        case .preparing: "sending experiment and data"
        case .reconfiguring: "reconfiguring"
        case .waitingForWorkers: "too few workers"
        case .linking: "connecting workers"
        case .training: "training"
        case .rescuing: "saving a rescue checkpoint"
        case .auditing: "auditing a step"
        case .comparing: "comparing states"
        case .ending: "ending"
        case .over: "over"
        }
    }
}
