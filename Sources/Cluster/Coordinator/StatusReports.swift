import Coordination
import Experiments
import Foundation
import Glibc
import NeuralNetwork
import Runs
import Training

/// What a coordinator reports to those who watch the run: a status twice a second, and the last one at its end.
struct StatusReports {
    private let experiment: String
    private let epochCount: Int
    private let stepsPerEpoch: Int
    private let batchSize: Int
    private let microBatchCount: Int
    private let linkModel: ViewLinks.Model
    /// Those that were reported last.
    private var viewLinks: (open: ClusterStatus.Links, links: ViewLinks)?
    private var progress: EpochProgress?
    private var nextMilliseconds: UInt64 = 0

    private static let pauseMilliseconds: UInt64 = 500

    /// `usesMemory` is whether workers of one host exchange through memory where they can.
    init(_ run: PreparedRun, usesMemory: Bool) {
        experiment = run.experiment.name
        epochCount = run.experiment.epochs
        stepsPerEpoch = run.schedule.stepsPerEpoch
        batchSize = run.experiment.batchSize
        microBatchCount = run.experiment.microBatchCount
        linkModel = ViewLinks.Model(
            microBatchCount: run.experiment.microBatchCount, batchSize: run.experiment.batchSize,
            bucketCounts: run.model.buckets.map(\.count), usesMemory: usesMemory)
    }

    mutating func update(_ progress: EpochProgress) {
        self.progress = progress
    }

    /// Whether the next status is due; it then counts as reported.
    mutating func isDue(now: UInt64) -> Bool {
        guard now >= nextMilliseconds else { return false }
        nextMilliseconds = now + Self.pauseMilliseconds
        return true
    }

    /// The status to be written. `outcome` is that of a run that is over.
    mutating func status(
        _ cluster: ClusterStatus, completedSteps: UInt64, at date: Date, outcome: Outcome? = nil
    ) -> RunStatus {
        // Before the first report the place follows from the steps.
        let place = Int(clamping: completedSteps).quotientAndRemainder(dividingBy: max(1, stepsPerEpoch))
        // By rank, then those without one.
        let workers = cluster.workers.map { worker($0) }
            .sorted { ($0.rank ?? .max, $0.name) < ($1.rank ?? .max, $1.name) }
        let openLinks = outcome == nil ? links(cluster.links) : []
        return RunStatus(
            experiment: experiment, host: HostName.current, processIdentifier: Int(getpid()),
            phase: outcome?.description ?? cluster.phase, isOver: outcome != nil,
            generation: Int(clamping: cluster.generation),
            epoch: progress?.epoch ?? min(place.quotient + 1, epochCount), epochCount: epochCount,
            step: progress?.step ?? place.remainder, stepsPerEpoch: stepsPerEpoch, loss: progress?.loss,
            accuracy: progress?.accuracy, imagesPerSecond: outcome == nil ? progress?.imagesPerSecond : nil,
            updatedMilliseconds: Int(date.timeIntervalSince1970 * 1000), workers: workers,
            links: openLinks)
    }

    /// The links of a view, whose plan is looked at once.
    private mutating func links(_ open: ClusterStatus.Links?) -> [RunStatus.Link] {
        guard let open, open.view.members.count > 1 else { return [] }
        let known: ViewLinks
        if let viewLinks, viewLinks.open == open {
            known = viewLinks.links
        } else {
            known = ViewLinks(open, linkModel)
            viewLinks = (open, known)
        }
        let stepsPerSecond = progress.map { $0.imagesPerSecond / Double(batchSize) }
        return known.links(stepsPerSecond: stepsPerSecond)
    }

    private func worker(_ worker: ClusterStatus.Worker) -> RunStatus.Worker {
        RunStatus.Worker(
            name: worker.name, host: worker.host, processIdentifier: Int(worker.processIdentifier), rank: worker.rank,
            microBatches: worker.microBatchCount,
            phase: worker.rank == nil && worker.phase == .waiting ? "spare" : worker.phase.description,
            completedSteps: Int(clamping: worker.completedSteps), computeShare: computeShare(of: worker),
            silentMilliseconds: Int(clamping: worker.silentMilliseconds))
    }

    /// The part of a step's time in which a worker computes; nil while one of the figures is missing.
    private func computeShare(of worker: ClusterStatus.Worker) -> Double? {
        guard let progress, progress.imagesPerSecond > 0, worker.microBatchNanoseconds > 0 else { return nil }
        let stepSeconds = Double(batchSize) / progress.imagesPerSecond
        let computeSeconds = Double(worker.microBatchNanoseconds) / 1e9 * Double(worker.microBatchCount)
        return min(1, computeSeconds / stepSeconds)
    }
}
