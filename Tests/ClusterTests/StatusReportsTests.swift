import Foundation
import Runs
import TestSupport
import Testing

@testable import Cluster
@testable import Coordination

@Suite("The status of a run")
struct StatusReportsTests {
    private func worker(_ name: String, rank: Int?, _ phase: WorkerPhase) -> ClusterStatus.Worker {
        ClusterStatus.Worker(
            name: name, host: "host", processIdentifier: 1, rank: rank, microBatchCount: rank == nil ? 0 : 4,
            phase: phase, completedSteps: 0, microBatchNanoseconds: 0, silentMilliseconds: 0)
    }

    @Test func `workers are listed by rank, and one that waits without a rank is a spare`() throws {
        let folder = try TemporaryFolder()
        let run = try PreparedRun(SyntheticRun.settings(SyntheticRun.experiment(), .new(path: folder.path + "/run")))
        var reports = StatusReports(run, usesMemory: true)
        let cluster = ClusterStatus(
            phase: "training", isTraining: true, generation: 1, links: nil,
            workers: [
                worker("b", rank: nil, .waiting), worker("d", rank: 1, .waiting), worker("a", rank: nil, .learning),
                worker("c", rank: 0, .computing),
            ])
        let workers = reports.status(cluster, completedSteps: 0, at: Date()).workers
        #expect(workers.map(\.name) == ["c", "d", "a", "b"])
        #expect(
            workers.map(\.phase) == [
                "computing gradients", "waiting for a grant", "loading the experiment, data and state", "spare",
            ])
    }
}
