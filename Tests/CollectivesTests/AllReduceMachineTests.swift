import Collectives
import TestSupport
import Testing

@Suite("The all-reduce machine")
struct AllReduceMachineTests {
    /// Per micro-batch gradients of one step, and the sum that every worker must end with.
    private struct Step {
        var leaves: [[[Float]]]  // [micro-batch][bucket][element]
        var statistics: [Double]
        var batch: MicroBatches
        /// The bit patterns of the sums of all micro-batches.
        var expected: [[UInt32?]]

        init(_ cluster: SimulatedCluster, batchSize: Int) {
            let count = cluster.ownership.microBatchCount
            batch = MicroBatches(sampleCount: batchSize, count: count)
            leaves = []
            for _ in 0..<count {
                leaves.append(
                    cluster.bucketCounts.map { length in (0..<length).map { _ in cluster.generator.roughFloat() } })
            }
            statistics = (0..<count * cluster.width).map { _ in Double(cluster.generator.roughFloat()) }
            expected = []
            expected = cluster.bucketCounts.enumerated().map { bucket, length in
                (0..<length).map { sum(0..<count, bucket: bucket, element: $0)?.bitPattern }
            }
        }

        func sum(_ range: Range<Int>, bucket: Int, element: Int) -> Float? {
            let values: [Float?] = range.map { batch[$0].isEmpty ? nil : leaves[$0][bucket][element] }
            return plainTreeSum(values[...], add: +)
        }
    }

    private func begin(
        _ worker: SimulatedWorker, _ rank: Int, _ step: Step, number: UInt64, batchSize: Int,
        _ cluster: SimulatedCluster
    ) throws {
        let layout = cluster.layout(rank, batchSize: batchSize)
        var memory = SimulatedWorker.Memory()
        memory.roots = layout.program.roots.map { node in
            let leaves = cluster.ownership.tree.leaves(of: node)
            return cluster.bucketCounts.enumerated().map { bucket, length in
                (0..<length).map { step.sum(leaves, bucket: bucket, element: $0) ?? .nan }
            }
        }
        let run = cluster.ownership.runs[rank]
        memory.statistics = step.statistics.enumerated().map { run.contains($0 / max(1, cluster.width)) ? $1 : nil }
        try worker.begin(step: number, layout: layout, memory)
    }

    /// Runs some steps in which workers compute, deliver and act in random order and may be a step apart.
    private func simulate(_ cluster: SimulatedCluster, batchSizes: [Int]) throws {
        let steps = batchSizes.map { Step(cluster, batchSize: $0) }
        var current = Array(repeating: -1, count: cluster.workers.count)
        var ready = Array(repeating: [Int](), count: cluster.workers.count)
        var moves = 0
        while !zip(cluster.workers, current).allSatisfy({ $0.stepIsDone && $1 == steps.count - 1 }) {
            moves += 1
            try #require(moves < 2_000_000, "the simulated cluster makes no progress")
            if !cluster.network.isEmpty, Bool.random(using: &cluster.generator) { try cluster.deliver() }
            let rank = Int.random(in: 0..<cluster.workers.count, using: &cluster.generator)
            let worker = cluster.workers[rank]
            if try cluster.runAction(rank) { continue }
            if current[rank] < 0 || worker.stepIsDone {
                if current[rank] >= 0 { check(worker, rank, steps[current[rank]], cluster) }
                guard current[rank] + 1 < steps.count else { continue }
                current[rank] += 1
                let number = UInt64(10 + current[rank])
                try begin(
                    worker, rank, steps[current[rank]], number: number, batchSize: batchSizes[current[rank]], cluster)
                // -1 is the statistics.
                ready[rank] = Array((cluster.width > 0 ? -1 : 0)..<cluster.bucketCounts.count)
                ready[rank].shuffle(using: &cluster.generator)
            } else if let next = ready[rank].popLast() {
                if next < 0 { worker.machine.statisticsReady() } else { worker.machine.bucketReady(next) }
            }
        }
        for (rank, worker) in cluster.workers.enumerated() {
            check(worker, rank, steps[steps.count - 1], cluster)
            #expect(worker.refused == nil && worker.held.isEmpty)
        }
    }

    private func check(
        _ worker: SimulatedWorker, _ rank: Int, _ step: Step, _ cluster: SimulatedCluster
    ) {
        for bucket in cluster.bucketCounts.indices {
            #expect(worker.memory.results[bucket].map { $0?.bitPattern } == step.expected[bucket])
            let traffic = PlanTraffic(worker.machine.layout.plans[bucket])
            #expect(worker.elementCountSent[bucket] == traffic.elementCountsSent[rank])
        }
        if cluster.width > 0 {
            #expect(worker.memory.statistics.map { $0?.bitPattern } == step.statistics.map(\.bitPattern))
        }
        #expect(worker.doneBuckets.sorted() == Array(cluster.bucketCounts.indices))
    }

    @Test("Every worker ends with the tree's sum, bit for bit, in any order of arrival", arguments: [1, 2, 4, 8, 16])
    func sums(microBatchCount: Int) throws {
        var generator = SeededGenerator(seed: UInt64(microBatchCount))
        for workers in 1...microBatchCount {
            let ownership = try generator.ownership(microBatchCount: microBatchCount, workerCount: workers)
            let cluster = SimulatedCluster(
                ownership: ownership, bucketCounts: [0, 1, 7, 4200], statisticsWidth: 3, seed: generator.next())
            try simulate(cluster, batchSizes: [1000, max(1, microBatchCount / 3), 1000, 1])
        }
    }

    @Test("Learners end with the same sums, whatever the owners", arguments: [1, 2, 8], [1, 3])
    func learners(microBatchCount: Int, learnerCount: Int) throws {
        var generator = SeededGenerator(seed: UInt64(microBatchCount + 20 * learnerCount))
        for owners in 1...microBatchCount {
            let alone = try generator.ownership(microBatchCount: microBatchCount, workerCount: owners)
            let ownership = try Ownership(
                microBatchCount: microBatchCount, runs: alone.runs + Array(repeating: 0..<0, count: learnerCount))
            #expect(ownership.ownerCount == owners && ownership.workerCount == owners + learnerCount)
            let cluster = SimulatedCluster(
                ownership: ownership, bucketCounts: [0, 1, 7, 4200], statisticsWidth: owners % 2,
                seed: generator.next())
            try simulate(cluster, batchSizes: [1000, max(1, microBatchCount / 3), 1000, 1])
        }
    }

    /// Any hosts for the owners of some shares, in the order of ranks, and for two learners.
    private func onHosts(_ alone: Ownership, _ generator: inout SeededGenerator) throws -> Ownership {
        let hosts = (0..<alone.workerCount).map { _ in Int.random(in: 0..<4, using: &generator) }.sorted()
        return try Ownership(
            microBatchCount: alone.microBatchCount, runs: alone.runs + [0..<0, 0..<0],
            hosts: hosts + [Int.random(in: 0..<4, using: &generator), 9])
    }

    @Test("Workers on several hosts end with the same sums, learners too", arguments: [2, 4, 8, 16])
    func hosts(microBatchCount: Int) throws {
        var generator = SeededGenerator(seed: UInt64(microBatchCount) + 50)
        for workers in 2...microBatchCount {
            let ownership = try onHosts(
                generator.ownership(microBatchCount: microBatchCount, workerCount: workers), &generator)
            let cluster = SimulatedCluster(
                ownership: ownership, bucketCounts: [0, 1, 7, 4200], statisticsWidth: workers % 4,
                seed: generator.next())
            try simulate(cluster, batchSizes: [1000, max(1, microBatchCount / 3), 1000, 1])
        }
    }

    @Test("What workers send between hosts is what the plan counts", arguments: [1, 2, 4])
    func trafficBetweenHosts(workersPerHost: Int) throws {
        let hostCount = 3
        let sizes = Array(repeating: workersPerHost, count: hostCount)
        let ownership = try Ownership(
            microBatchCount: 16, runs: Ownership.balancedRuns(microBatchCount: 16, hostSizes: sizes),
            hosts: (0..<hostCount * workersPerHost).map { $0 / workersPerHost })
        let cluster = SimulatedCluster(
            ownership: ownership, bucketCounts: [100, 5000], statisticsWidth: 3, seed: UInt64(workersPerHost))
        try simulate(cluster, batchSizes: [64])
        let counted = cluster.layout(0, batchSize: 64).plans.map { PlanTraffic($0).elementCountBetweenHosts }
        #expect(cluster.elementCountBetweenHosts == counted.reduce(0, +))
        #expect(cluster.statisticsBetweenHosts == 16 * 3 * (hostCount - 1))
    }

    @Test(
        "1,024 micro-batches on 8 hosts of 8 workers, and on 5 workers of 2 hosts",
        arguments: [
            Array(repeating: 8, count: 8), [3, 2],
        ])
    func manyMicroBatches(hostSizes: [Int]) throws {
        let hosts = hostSizes.enumerated().flatMap { Array(repeating: $0, count: $1) }
        let ownership = try Ownership(
            microBatchCount: 1024, runs: Ownership.balancedRuns(microBatchCount: 1024, hostSizes: hostSizes),
            hosts: hosts)
        let cluster = SimulatedCluster(
            ownership: ownership, bucketCounts: [40, 4100], statisticsWidth: 1, seed: UInt64(hostSizes.count))
        try simulate(cluster, batchSizes: [2000, 300])
    }

    @Test("Long vectors in many frames", arguments: [(1, 1), (2, 2), (3, 4), (5, 8), (7, 16)])
    func longVectors(workers: Int, microBatchCount: Int) throws {
        let ownership = try Ownership(microBatchCount: microBatchCount, workerCount: workers)
        let cluster = SimulatedCluster(
            ownership: ownership, bucketCounts: [150_001], statisticsWidth: 0, seed: UInt64(workers))
        try simulate(cluster, batchSizes: [64, 3])
    }

    @Test("64 micro-batches on 64, 37 and 2 workers", arguments: [64, 37, 2])
    func manyWorkers(workers: Int) throws {
        let ownership = try Ownership(microBatchCount: 64, workerCount: workers)
        let cluster = SimulatedCluster(
            ownership: ownership, bucketCounts: [5, 4100], statisticsWidth: 1, seed: UInt64(workers))
        try simulate(cluster, batchSizes: [100, 10])
    }

    @Test("Duplicate frames are dropped and counted, and change nothing")
    func duplicates() throws {
        let ownership = try Ownership(microBatchCount: 8, workerCount: 3)
        let cluster = SimulatedCluster(
            ownership: ownership, bucketCounts: [100, 5000], statisticsWidth: 3, seed: 9)
        cluster.duplicates = true
        try simulate(cluster, batchSizes: [50, 50, 4, 50])
        while !cluster.network.isEmpty { try cluster.deliver() }
        let dropped = cluster.workers.map { $0.machine.dropped.duplicate + $0.machine.dropped.earlierStep }
        #expect(dropped.allSatisfy { $0 > 0 })
    }
}
