import Testing

@testable import Coordination

@Suite("A run")
struct RunScenarios {
    @Test(arguments: 1...8) func `starts, trains and ends with any number of workers`(count: Int) throws {
        var options = SimulatedCluster.Options()
        options.workerCount = count
        options.startedCount = count
        let cluster = try SimulatedCluster(options)
        cluster.run()
        #expect(cluster.violation == nil)
        #expect(
            cluster.outcome == .completed(completedSteps: 30, stateDigest: cluster.lastDigest))
        #expect(cluster.records.map(\.epoch) == [1, 2, 3])
        #expect(cluster.disk.checkpoints.map(\.name.completedSteps) == [10, 20, 30])
        #expect(cluster.disk.checkpoints.map(\.destinations) == [[.last, .best], [.last], [.last, .best]])
        #expect(cluster.workers.allSatisfy { $0.exit?.code == 0 })
        #expect(cluster.terminated.isEmpty)
        #expect(cluster.views.count == 1)
        #expect(cluster.views[1]?.members.map(\.name) == (0..<count).map { "worker-\($0)" })
    }

    @Test func `every step's digest of rank 0 is journalled once`() throws {
        let cluster = try SimulatedCluster(.init())
        cluster.run()
        var digests: [UInt64] = []
        for case .stepDigests(let first, let values) in cluster.disk.journal {
            #expect(first == UInt64(digests.count))
            digests += values
        }
        #expect(digests == (0..<30).map { $0 &* 17 })
    }

    @Test func `workers beyond the configured number wait as spares`() throws {
        var options = SimulatedCluster.Options()
        options.startedCount = 4
        let cluster = try SimulatedCluster(options)
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0 && cluster.violation == nil)
        #expect(cluster.workers.filter { $0.view != nil }.count == 2)
        #expect(cluster.workers.allSatisfy { $0.exit?.code == 0 })
    }

    @Test func `the death of a spare is only logged`() throws {
        var options = SimulatedCluster.Options()
        options.startedCount = 3
        let cluster = try SimulatedCluster(options)
        cluster.at(100) { cluster.workers.first { $0.view == nil }.map { cluster.kill($0) } }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0 && cluster.violation == nil)
        #expect(cluster.logs.contains { $0.level == .warning && $0.text.contains("SIGKILL") })
        #expect(cluster.views.count == 1)
    }

    @Test func `data goes to a worker that lacks it`() throws {
        var options = SimulatedCluster.Options()
        options.dataByteCount = 20 * 262_144 + 5
        options.slotsWithoutData = [1]
        let cluster = try SimulatedCluster(options)
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0 && cluster.violation == nil)
        #expect(cluster.workers[0].fetched.isEmpty)
        #expect(cluster.workers[1].fetched[.data(SimulatedCluster.dataDigest)] == cluster.contentBytes())
        #expect(cluster.contentChunksSent == 21)
    }

    @Test func `every worker fetches the state of a resumed run`() throws {
        var options = SimulatedCluster.Options()
        options.startRounds = 14
        options.stateByteCount = 600_000
        let cluster = try SimulatedCluster(options)
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0 && cluster.violation == nil)
        #expect(cluster.workers.allSatisfy { $0.fetched.values.map(\.count) == [600_000] })
        #expect(cluster.records.map(\.epoch) == [2, 3])
        #expect(cluster.views[1]?.position == Position(rounds: 14, completedSteps: 13, completedEpochs: 1))
    }

    @Test(arguments: [1, 2]) func `a failed checkpoint write is retried`(failures: Int) throws {
        let cluster = try SimulatedCluster(.init())
        cluster.failingWrites = failures
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0 && cluster.violation == nil)
        #expect(cluster.disk.checkpoints.map(\.name.completedSteps) == [10, 20, 30])
    }

    @Test func `three failed writes end the run with 74`() throws {
        let cluster = try SimulatedCluster(.init())
        cluster.failingWrites = 3
        cluster.run()
        #expect(cluster.outcome?.exitCode == 74)
        #expect(cluster.outcome?.description.contains("no space left") == true)
        #expect(cluster.workers.allSatisfy { $0.exit?.code == 74 })
    }
}
