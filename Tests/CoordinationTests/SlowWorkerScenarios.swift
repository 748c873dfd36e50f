import Collectives
import Testing

@testable import Coordination

@Suite("A worker that is slow")
struct SlowWorkerScenarios {
    private func slow(_ cluster: SimulatedCluster) -> [String] {
        cluster.logs.map(\.text).filter { $0.contains("is slow: it computes") }
    }

    @Test func `it is named once, with its time and the others'`() throws {
        let cluster = try longRun()
        cluster.workers[2].stepMilliseconds = 20...20
        cluster.expectCompletion()
        #expect(slow(cluster).count == 1)
        #expect(cluster.warned("worker 'worker-2' (rank 2", "a micro-batch in 7500 µs, the others in 1875 µs"))
        #expect(cluster.views.count == 1, "without --rebalance nothing moves")
    }

    @Test func `a moment's load is not named`() throws {
        let cluster = try longRun()
        cluster.at(1000) { cluster.workers[2].stepMilliseconds = 50...50 }
        cluster.at(3000) { cluster.workers[2].stepMilliseconds = 5...5 }
        cluster.expectCompletion()
        #expect(slow(cluster).isEmpty)
    }

    @Test func `no other runs let the slowest of three workers end earlier`() {
        let speeds: [Double] = [1, 1.4, 2, 3.1, 7, 40]
        for microBatchCount in 3...9 {
            for times in speeds.flatMap({ a in speeds.flatMap { b in speeds.map { [a, b, $0] } } }) {
                func slowest(_ counts: [Int]) -> Double { zip(counts, times).map { Double($0) * $1 }.max() ?? 0 }
                let best = (1...microBatchCount - 2).flatMap { first in
                    (1...microBatchCount - first - 1).map { slowest([first, $0, microBatchCount - first - $0]) }
                }.min()
                let runs = Ownership.fastestRuns(microBatchCount: microBatchCount, times: times)
                #expect(slowest(runs.map(\.count)) == best, "\(microBatchCount) micro-batches, \(times)")
                #expect(runs.map(\.count).reduce(0, +) == microBatchCount)
            }
        }
    }

    @Test func `micro-batches move to the faster workers, and every one is still computed once`() throws {
        let cluster = try longRun { $0.rebalances = true }
        cluster.workers[2].stepMilliseconds = 20...20
        cluster.expectCompletion()
        let last = try #require(cluster.views.values.max { $0.generation < $1.generation })
        #expect(cluster.views.count == 2, "once is enough")
        #expect(last.members.map(\.microBatches.count) == [4, 3, 1])
    }
}
