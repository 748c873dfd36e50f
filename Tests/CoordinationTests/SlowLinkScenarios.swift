import Testing

@testable import Coordination

@Suite("A host with slow links")
struct SlowLinkScenarios {
    /// Three hosts with a worker each; the first is the coordinator's.
    private func cluster(
        _ policy: SlowLinkPolicy, _ adjust: (inout SimulatedCluster.Options) -> Void = { _ in }
    ) throws -> SimulatedCluster {
        var options = SimulatedCluster.Options()
        options.workerCount = 3
        options.startedCount = 3
        options.hostCount = 3
        options.remoteSlots = [1, 2]
        options.epochs = 200
        options.restarts = false
        adjust(&options)
        return try SimulatedCluster(options) { $0.settings.slowLinks = policy }
    }

    private func lines(_ cluster: SimulatedCluster, _ text: String) -> [String] {
        cluster.logs.filter { $0.level == .warning }.map(\.text).filter { $0.contains(text) }
    }

    @Test func `the others wait for it by default, and a line names it, its figures and the setting`() throws {
        let cluster = try cluster(.wait)
        cluster.slowDown(slot: 2, from: 1000)
        cluster.expectCompletion()
        let line = try #require(lines(cluster, "is slow").first)
        #expect(lines(cluster, "is slow").count == 1)
        #expect(line.contains("worker 'worker-2' (rank 2) on 'there-2'") && line.contains("--slow-links evict"))
        #expect(line.contains("15.0 % of ") && line.contains("a round trip takes 40.0 ms, and 4.4 Mbit/s get through"))
        #expect(cluster.views.count == 1)
    }

    @Test func `it is evicted, the others continue without it, and it stays a spare`() throws {
        let cluster = try cluster(.evict)
        cluster.slowDown(slot: 2, from: 1000)
        cluster.expectCompletion()
        #expect(cluster.views.keys.sorted() == [1, 2])
        #expect(cluster.views[2]?.members.map(\.name) == ["worker-0", "worker-1"])
        #expect(lines(cluster, "is evicted for slow links").count == 1)
        #expect(cluster.warned("worker 'worker-2' (rank 2", "is evicted for slow links and stays as a spare"))
        let end = try #require(cluster.exits.first { $0.name == "worker-2" })
        #expect(end.code == 0, "it ends with the run: \(end.reason)")
    }

    @Test func `it computes again where the others are too few, and is not evicted then`() throws {
        let cluster = try cluster(.evict) { $0.minimumWorkerCount = 2 }
        cluster.slowDown(slot: 2, from: 1000)
        cluster.at(15_000) { cluster.kill(cluster.workers[1]) }
        cluster.expectCompletion()
        let last = try #require(cluster.views.values.max { $0.generation < $1.generation })
        #expect(last.members.map(\.name) == ["worker-0", "worker-2"] && last.ownerCount == 2)
        #expect(lines(cluster, "is evicted for slow links").count == 1)
        #expect(lines(cluster, "--min-workers keeps worker 'worker-2'").count == 1)
    }

    @Test func `another process of its host is a spare too`() throws {
        let cluster = try cluster(.evict)
        cluster.slowDown(slot: 2, from: 1000)
        cluster.at(12_000) { cluster.kill(cluster.workers[2]) }
        cluster.at(15_000) { cluster.join(2) }
        cluster.expectCompletion()
        #expect(cluster.views.count == 2)
    }

    @Test func `a worker that is lost by its slow connection stays a spare, without more warnings`() throws {
        let cluster = try cluster(.evict)
        cluster.slowDown(slot: 2, from: 1000, frameDelayMilliseconds: 0)
        for time in [6000, 12_000] as [UInt64] {
            cluster.at(time) { cluster.network.cut(from: 2, to: SimulatedNetwork.coordinator) }
            cluster.at(time + 3000) { cluster.network.mend(from: 2, to: SimulatedNetwork.coordinator) }
        }
        cluster.expectCompletion()
        #expect(cluster.views.count == 2)
        #expect(lines(cluster, "sent no heartbeat").count == 1)
        #expect(cluster.warned("worker 'worker-2' (rank 2", "no heartbeat", "its links are slow: it stays a spare"))
        #expect(cluster.logs.contains { $0.level == .detail && $0.text.contains("joined as a spare") })
    }

    @Test func `training starts without a worker whose slow connection breaks while it loads`() throws {
        let cluster = try cluster(.evict)
        cluster.at(0) { cluster.network.cut(from: SimulatedNetwork.coordinator, to: 2) }
        cluster.measureConnection(of: cluster.workers[2])
        cluster.at(4500) { cluster.network.cut(from: 2, to: SimulatedNetwork.coordinator) }
        cluster.at(8000) { cluster.network.mendAll() }
        cluster.expectCompletion()
        #expect(cluster.warned("the link from the coordinator to worker 'worker-2' on 'there-2' is slow"))
        #expect(cluster.warned("worker 'worker-2'", "sent no heartbeat", "its links are slow: it stays a spare"))
        #expect(cluster.views.values.map { $0.members.map(\.name) } == [["worker-0", "worker-1"]])
    }

    @Test func `links that are good change nothing`() throws {
        let cluster = try cluster(.evict)
        cluster.slowDown(slot: 7, from: 1000)
        cluster.expectCompletion()
        #expect(cluster.views.count == 1 && cluster.logs.allSatisfy { $0.level != .warning })
    }
}

extension SimulatedCluster {
    /// From a time on, frames from and to the worker in a slot take long, and its links lose segments. All workers
    /// report their links.
    fileprivate func slowDown(slot: Int, from time: UInt64, frameDelayMilliseconds: UInt64 = 60) {
        at(time) {
            self.network.frameDelayMilliseconds[slot] = frameDelayMilliseconds
            self.reportLinks(slowSlot: slot)
        }
    }

    /// The coordinator's connection to a worker loses segments.
    fileprivate func measureConnection(of worker: SimulatedWorker) {
        guard outcome == nil else { return }
        let use = LinkUse(
            milliseconds: 1000, sentSegmentCount: 100, lostSegmentCount: 30, acknowledgedByteCount: 10_000,
            busyMicroseconds: 900_000, roundTripMicroseconds: 400_000)
        onCoordinator { process in
            let uses = [(connection: self.connection(of: worker, process), use: use)]
            let time = process.clock.local(self.now)
            self.perform(process.machine.linksMeasured(uses, now: time), of: process)
        }
        after(1000) { self.measureConnection(of: worker) }
    }

    private func reportLinks(slowSlot: Int) {
        guard outcome == nil else { return }
        for worker in workers where worker.isHere {
            guard let view = worker.view else { continue }
            let links = view.members.indices.filter { $0 != worker.rank }.map { rank in
                let isSlow = worker.slot == slowSlot || worker.peers[rank]?.slot == slowSlot
                let use = LinkUse(
                    milliseconds: 1000, sentSegmentCount: 200, lostSegmentCount: isSlow ? 30 : 0,
                    acknowledgedByteCount: 500_000, busyMicroseconds: isSlow ? 900_000 : 20_000,
                    roundTripMicroseconds: isSlow ? 40_000 : 300)
                return LinkReport.Link(rank: rank, use: use)
            }
            sendToCoordinator(.links(LinkReport(generation: view.generation, links: links)), from: worker)
        }
        after(1000) { self.reportLinks(slowSlot: slowSlot) }
    }
}
