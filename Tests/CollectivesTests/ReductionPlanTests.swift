import Collectives
import TestSupport
import Testing

@Suite("Reduction plans")
struct ReductionPlanTests {
    static let lengths = [0, 1, 7, 16, 1000, 4096, 4097, 70_000, 200_001]

    @Test("No worker sends more than (its roots + 1)·S·(W−1)/W for long vectors", arguments: [1, 2, 4, 8, 16, 32, 64])
    func byteBound(microBatchCount: Int) throws {
        var generator = SeededGenerator(seed: UInt64(microBatchCount))
        for workers in 1...microBatchCount {
            for ownership in [
                try Ownership(microBatchCount: microBatchCount, workerCount: workers),
                try generator.ownership(microBatchCount: microBatchCount, workerCount: workers),
            ] {
                for length in Self.lengths {
                    let batchSize = [1, 3, 1000].randomElement(using: &generator) ?? 1
                    let plan = ReductionPlan(ownership: ownership, batchSize: batchSize, elementCount: length)
                    check(plan, ownership: ownership)
                }
            }
        }
    }

    @Test("A learner sends nothing and costs an owner no more than its segment", arguments: [1, 2, 8, 64])
    func learners(microBatchCount: Int) throws {
        var generator = SeededGenerator(seed: UInt64(microBatchCount) + 7)
        for owners in 1...microBatchCount {
            let alone = try generator.ownership(microBatchCount: microBatchCount, workerCount: owners)
            for learnerCount in 1...3 {
                let ownership = try Ownership(
                    microBatchCount: microBatchCount, runs: alone.runs + Array(repeating: 3..<3, count: learnerCount))
                for length in Self.lengths {
                    let plan = ReductionPlan(ownership: ownership, batchSize: 100, elementCount: length)
                    check(plan, ownership: ownership)
                    let sent = PlanTraffic(plan).elementCountsSent
                    #expect(sent[owners...].allSatisfy { $0 == 0 })
                }
            }
        }
    }

    private func check(_ plan: ReductionPlan, ownership: Ownership) {
        let traffic = PlanTraffic(plan)
        #expect(traffic.elementCountBetweenHosts == 0)
        #expect(traffic.elementCountInsideHosts == traffic.elementCountsSent.reduce(0, +))
        let (owners, learners) = (ownership.ownerCount, ownership.workerCount - ownership.ownerCount)
        for rank in 0..<owners {
            let rootCount = plan.roots.count { $0.group == rank }
            let bound =
                4 * (rootCount + 1) * plan.elementCount * (owners - 1) / owners
                + 4 * learners * plan.elementCount / owners
            let rounding = 4 * (owners - 1 + learners) * ReductionPlan.segmentAlignment
            let bytes = 4 * traffic.elementCountsSent[rank]
            if plan.elementCount > ReductionPlan.directElementLimit {
                #expect(bytes <= bound + rounding)
            } else {
                #expect(bytes <= 4 * rootCount * plan.elementCount * (owners + learners - 1))
            }
        }
        let segments = plan.segments.map(\.elements)
        #expect(segments.first?.lowerBound == 0 && segments.last?.upperBound == plan.elementCount)
        #expect(zip(segments, segments.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        for segment in plan.segments {
            let chunks = (0..<plan.chunkCount(of: segment)).map { plan.chunk($0, of: segment) }
            #expect(chunks.reduce(0) { $0 + $1.count } == segment.elements.count)
            #expect(chunks.allSatisfy { !$0.isEmpty && $0.count <= ReductionPlan.maximumChunkElementCount })
        }
    }

    @Test("The schedule adds the roots in the tree's own grouping", arguments: [1, 2, 4, 8, 16, 32, 64])
    func schedule(microBatchCount: Int) throws {
        var generator = SeededGenerator(seed: UInt64(microBatchCount) + 100)
        for workers in 1...microBatchCount {
            for batchSize in [1, 2, 5, microBatchCount, 1000] {
                let ownership = try generator.ownership(microBatchCount: microBatchCount, workerCount: workers)
                let plan = ReductionPlan(ownership: ownership, batchSize: batchSize, elementCount: 1)
                let batch = MicroBatches(sampleCount: batchSize, count: microBatchCount)
                let leaves: [String?] = (0..<microBatchCount).map { batch[$0].isEmpty ? nil : "\($0)" }
                var values = plan.roots.map {
                    plainTreeSum(leaves[ownership.tree.leaves(of: $0.node)]) { "(\($0)+\($1))" } ?? "nothing"
                }
                for addition in plan.schedule.additions {
                    values.append("(\(values[addition.left])+\(values[addition.right]))")
                }
                #expect(values.last == plainTreeSum(leaves[...]) { "(\($0)+\($1))" })
            }
        }
    }

    @Test(
        "Two workers with one root each exchange directly on two hosts, and add a half each on one; both send as much")
    func twoWorkers() throws {
        for (hosts, algorithm) in [([0, 1], ReductionPlan.Algorithm.direct), ([0, 0], .scatterGather)] {
            let ownership = try Ownership(microBatchCount: 8, runs: [0..<4, 4..<8], hosts: hosts)
            let plan = ReductionPlan(ownership: ownership, batchSize: 1000, elementCount: 2_000_000)
            #expect(plan.algorithm == algorithm)
            #expect(PlanTraffic(plan).elementCountsSent[0] == 2_000_000)
        }
        let uneven = try Ownership(microBatchCount: 8, runs: [0..<3, 3..<8])
        let longPlan = ReductionPlan(ownership: uneven, batchSize: 1000, elementCount: 2_000_000)
        #expect(longPlan.algorithm == .scatterGather)
        #expect(PlanTraffic(longPlan).elementCountsSent[0] == 3_000_000)
    }
}
