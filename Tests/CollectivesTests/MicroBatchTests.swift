import Collectives
import TestSupport
import Testing

@Suite("Micro-batches and the tree")
struct MicroBatchTests {
    @Test("Micro-batches partition every batch, and differ by at most one sample")
    func partition() {
        for count in [1, 2, 8, 64, 1024] {
            for sampleCount in [0, 1, 5, 7, 8, 63, 64, 65, 1000, 48_000] {
                let batch = MicroBatches(sampleCount: sampleCount, count: count)
                #expect((0..<count).flatMap { Array(batch[$0]) } == Array(0..<sampleCount))
                let sizes = (0..<count).map { batch[$0].count }
                #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
                #expect(sizes.count { $0 > 0 } == batch.occupiedCount)
            }
        }
    }

    @Test("A batch of 5 samples in 8 micro-batches leaves the first of each gap empty")
    func knownBoundaries() {
        let batch = MicroBatches(sampleCount: 5, count: 8)
        #expect((0..<8).map { batch[$0].count } == [0, 1, 0, 1, 1, 0, 1, 1])
    }

    @Test("Maximal subtrees cover exactly the run, and no two could be one")
    func maximalSubtrees() {
        let tree = ReductionTree(leafCount: 16)
        for begin in 0..<16 {
            for end in begin + 1...16 {
                let nodes = tree.maximalSubtrees(of: begin..<end)
                #expect(nodes.flatMap { Array(tree.leaves(of: $0)) } == Array(begin..<end))
                for node in nodes where node > 1 {
                    let parent = tree.leaves(of: node / 2)
                    #expect(parent.lowerBound < begin || parent.upperBound > end)
                }
            }
        }
    }

    @Test("Statistics are summed by the tree, empty leaves skipped, negative zero kept")
    func statisticsSum() {
        var generator = SeededGenerator(seed: 3)
        for count in [1, 2, 4, 8, 16, 32, 64] {
            for _ in 0..<20 {
                let mask = UInt64.random(in: 0...UInt64.max, using: &generator)
                let leaves = (0..<count).map { leaf in
                    mask >> UInt64(leaf) & 1 == 1 ? Double(generator.roughFloat()) : nil
                }
                let sum = ReductionTree(leafCount: count).sum { leaves[$0] }
                #expect(sum?.bitPattern == plainTreeSum(leaves[...], add: +)?.bitPattern)
            }
        }
        let tree = ReductionTree(leafCount: 2)
        #expect(tree.sum { $0 == 0 ? -0.0 : nil }?.sign == .minus)
        #expect(tree.sum { _ in nil } == nil)
    }

    @Test("Equal shares cover all micro-batches; impossible ones are refused by name")
    func ownership() throws {
        for count in [1, 2, 4, 8, 16, 32, 64] {
            for workers in 1...count {
                let ownership = try Ownership(microBatchCount: count, workerCount: workers)
                #expect(ownership.runs.flatMap { Array($0) } == Array(0..<count))
                #expect(ownership.runs.allSatisfy { !$0.isEmpty })
                #expect(try Ownership(microBatchCount: count, runs: ownership.runs) == ownership)
                #expect((0..<count).allSatisfy { ownership.runs[ownership.owner(of: $0)].contains($0) })
            }
        }
        #expect(throws: OwnershipError.unsupportedMicroBatchCount(12)) {
            try Ownership(microBatchCount: 12, workerCount: 2)
        }
        #expect(throws: OwnershipError.unsupportedWorkerCount(9, microBatchCount: 8)) {
            try Ownership(microBatchCount: 8, workerCount: 9)
        }
        #expect(throws: OwnershipError.unsupportedWorkerCount(0, microBatchCount: 8)) {
            try Ownership(microBatchCount: 8, workerCount: 0)
        }
        for runs in [[0..<4, 5..<8], [0..<4, 4..<4, 4..<8], [1..<8], [0..<5, 4..<8], [0..<8, 8..<9], [0..<0], []] {
            #expect(throws: OwnershipError.self) { try Ownership(microBatchCount: 8, runs: runs) }
        }
    }

    @Test("Empty runs at the end make learners, wherever they begin; more than a view may have are refused")
    func learners() throws {
        let ownership = try Ownership(microBatchCount: 8, runs: [0..<5, 5..<8, 8..<8, 0..<0])
        #expect(ownership.runs == [0..<5, 5..<8, 8..<8, 8..<8])
        #expect((ownership.ownerCount, ownership.workerCount) == (2, 4))
        #expect((0..<4).map { ownership.isLearner($0) } == [false, false, true, true])
        #expect(ownership.localProgram(rank: 3, batchSize: 100).roots.isEmpty)
        let many = [0..<8] + Array(repeating: 8..<8, count: 1024)
        #expect(throws: OwnershipError.tooManyWorkers(1025)) { try Ownership(microBatchCount: 8, runs: many) }
    }
}
