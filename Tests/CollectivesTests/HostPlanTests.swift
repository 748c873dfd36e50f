import Collectives
import TestSupport
import Testing

@Suite("Plans by host")
struct HostPlanTests {
    static let lengths = [0, 7, 4096, 4097, 70_000, 200_001]
    static let microBatchCounts = [1, 2, 4, 8, 16, 32, 64]

    private func ownership(microBatchCount: Int, hostSizes: [Int]) throws -> Ownership {
        try Ownership(
            microBatchCount: microBatchCount,
            runs: Ownership.balancedRuns(microBatchCount: microBatchCount, hostSizes: hostSizes),
            hosts: hostSizes.enumerated().flatMap { Array(repeating: $0, count: $1) })
    }

    private func elementsBetweenHosts(_ ownership: Ownership, batchSize: Int, elementCount: Int) -> Int {
        let plan = ReductionPlan(ownership: ownership, batchSize: batchSize, elementCount: elementCount)
        return PlanTraffic(plan).elementCountBetweenHosts
    }

    @Test(
        "What crosses between hosts does not depend on their workers, up to 8 hosts of 8", arguments: microBatchCounts)
    func equalHosts(microBatchCount: Int) throws {
        for hostCount in 1...8 where hostCount <= microBatchCount {
            for batchSize in [1, 3, 1000] {
                for length in Self.lengths {
                    let counts = try (1...8).filter { hostCount * $0 <= microBatchCount }.map { workers in
                        let hosts = Array(repeating: workers, count: hostCount)
                        return try elementsBetweenHosts(
                            ownership(microBatchCount: microBatchCount, hostSizes: hosts), batchSize: batchSize,
                            elementCount: length)
                    }
                    #expect(Set(counts).count == 1, "\(hostCount) hosts, \(length) elements: \(counts)")
                    #expect(hostCount > 1 || counts == counts.map { _ in 0 })
                }
            }
        }
    }

    @Test("Any hosts send each other what single workers with their micro-batches would", arguments: microBatchCounts)
    func anyHosts(microBatchCount: Int) throws {
        var generator = SeededGenerator(seed: UInt64(microBatchCount))
        for _ in 0..<200 {
            let workers = Int.random(in: 1...microBatchCount, using: &generator)
            let alone = try generator.ownership(microBatchCount: microBatchCount, workerCount: workers)
            let hosts = (0..<workers).map { _ in Int.random(in: 0..<8, using: &generator) }.sorted()
            let spread = try Ownership(microBatchCount: microBatchCount, runs: alone.runs, hosts: hosts)
            let runs = Set(hosts).sorted().map { host -> Range<Int> in
                let ranks = hosts.indices.filter { hosts[$0] == host }
                return alone.runs[ranks[0]].lowerBound..<alone.runs[ranks[ranks.count - 1]].upperBound
            }
            let single = try Ownership(
                microBatchCount: microBatchCount, runs: runs, hosts: Array(runs.indices))
            for length in Self.lengths {
                let counts = [spread, single].map { elementsBetweenHosts($0, batchSize: 100, elementCount: length) }
                #expect(counts[0] == counts[1], "\(runs) on \(hosts), \(length) elements")
            }
        }
    }

    @Test("Two hosts with half the tree each exchange one vector in each direction, whatever their workers")
    func twoHosts() throws {
        for workers in [1, 2, 4, 8] {
            let halves = try ownership(microBatchCount: 16, hostSizes: [workers, workers])
            #expect(elementsBetweenHosts(halves, batchSize: 100, elementCount: 1_000_000) == 2_000_000)
        }
    }

    @Test("Workers of one host, or alone on their hosts, have the flat plan")
    func flatPlans() throws {
        let runs = [0..<3, 3..<5, 5..<8]
        let one = try Ownership(microBatchCount: 8, runs: runs)
        let three = try Ownership(microBatchCount: 8, runs: runs, hosts: [2, 0, 1])
        #expect(one.groups == three.groups && one.groups.count == 3)
        let plans = [one, three].map { ReductionPlan(ownership: $0, batchSize: 100, elementCount: 10_000) }
        #expect(plans[0].roots == plans[1].roots && plans[0].segments == plans[1].segments)
        #expect(PlanTraffic(plans[1]).elementCountInsideHosts == 0)
    }

    @Test("A group has the owners of a host that follow one another, and the host's learners")
    func groups() throws {
        let ownership = try Ownership(
            microBatchCount: 8, runs: [0..<2, 2..<4, 4..<5, 5..<8, 0..<0, 0..<0, 0..<0], hosts: [0, 0, 1, 0, 1, 3, 0])
        #expect(ownership.groups.map(\.ranks) == [[0, 1, 6], [2, 4], [3], [5]])
        #expect(ownership.groups.map(\.ownerCount) == [2, 1, 1, 0])
        #expect(ownership.groups.prefix(3).map(\.run) == [0..<4, 4..<5, 5..<8])
        #expect(ownership.groupIndices == [0, 0, 1, 2, 1, 3, 0])
    }

    @Test("Runs by host give no worker more than equal runs, and whole subtrees where the shares are")
    func runs() {
        for microBatchCount in [1, 2, 8, 64, 1024] {
            var generator = SeededGenerator(seed: UInt64(microBatchCount))
            for _ in 0..<100 {
                let sizes = (0..<Int.random(in: 1...8, using: &generator)).map { _ in
                    Int.random(in: 1...8, using: &generator)
                }
                let workers = sizes.reduce(0, +)
                guard workers <= microBatchCount else { continue }
                let runs = Ownership.balancedRuns(microBatchCount: microBatchCount, hostSizes: sizes)
                #expect(runs.flatMap { Array($0) } == Array(0..<microBatchCount))
                let most = (microBatchCount + workers - 1) / workers
                #expect(runs.count == workers && runs.allSatisfy { (1...most).contains($0.count) })
            }
        }
        #expect(Ownership.balancedRuns(microBatchCount: 8, hostSizes: [2, 1, 1]) == [0..<2, 2..<4, 4..<6, 6..<8])
        #expect(
            Ownership.balancedRuns(microBatchCount: 8, hostSizes: [5])
                == Ownership.balancedRuns(microBatchCount: 8, workerCount: 5))
        #expect(Ownership.balancedRuns(microBatchCount: 64, hostSizes: [1, 1, 1]) == [0..<22, 22..<43, 43..<64])
    }

    @Test("1,024 micro-batches on 8 hosts of 64 workers cross as those of 8 workers do")
    func manyMicroBatches() throws {
        let counts = try [1, 64].map { workers in
            try elementsBetweenHosts(
                ownership(microBatchCount: 1024, hostSizes: Array(repeating: workers, count: 8)), batchSize: 2000,
                elementCount: 100_000)
        }
        #expect(counts[0] == counts[1] && counts[0] > 0)
    }
}
