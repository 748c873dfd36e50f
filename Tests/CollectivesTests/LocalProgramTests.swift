import Collectives
import KernelInterface
import TestSupport
import Testing

@Suite("Local programs")
struct LocalProgramTests {
    /// Runs a program as a kernel does, on texts instead of numbers.
    private func run(_ program: LocalProgram) -> [String] {
        var stack: [String] = []
        var roots = Array(repeating: "", count: program.roots.count)
        for step in program.steps {
            var value = "[\(Int(step.sampleBegin) + program.samples.lowerBound)"
            value += "..<\(Int(step.sampleEnd) + program.samples.lowerBound)]"
            for _ in 0..<step.mergeCount { value = "(\(stack.removeLast())+\(value))" }
            if step.rootIndex < 0 { stack.append(value) } else { roots[Int(step.rootIndex)] = value }
        }
        #expect(stack.isEmpty)
        return roots
    }

    @Test("Every worker's roots are the tree's own groupings, for all shares and awkward batch sizes")
    func groupings() throws {
        var generator = SeededGenerator(seed: 11)
        for count in [1, 2, 4, 8, 16, 64, 1024] {
            for batchSize in [1, 2, 3, 5, 7, count, count + 1, 100, 1000] {
                let batch = MicroBatches(sampleCount: batchSize, count: count)
                let tree = ReductionTree(leafCount: count)
                let workers = Int.random(in: 1...min(count, Ownership.maximumWorkerCount), using: &generator)
                let ownership = try generator.ownership(microBatchCount: count, workerCount: workers)
                for rank in 0..<workers {
                    let program = ownership.localProgram(rank: rank, batchSize: batchSize)
                    let texts: [String?] = (0..<count).map {
                        batch[$0].isEmpty ? nil : "[\(batch[$0].lowerBound)..<\(batch[$0].upperBound)]"
                    }
                    let expected = program.roots.map { plainTreeSum(texts[tree.leaves(of: $0)]) { "(\($0)+\($1))" } }
                    #expect(run(program) == expected)
                    #expect(program.samples == batch.samples(of: ownership.runs[rank]))
                    #expect(program.steps.allSatisfy { $0.sampleBegin < $0.sampleEnd })
                }
            }
        }
    }

    @Test("The stack of a program never grows beyond what kernels have", arguments: [64, 1024])
    func stackDepth(microBatchCount: Int) {
        for batchSize in [1, 33, 63, 64, 65, 1023, 4096] {
            let batch = MicroBatches(sampleCount: batchSize, count: microBatchCount)
            let program = LocalProgram(run: 0..<microBatchCount, of: batch)
            var depth = 0
            for step in program.steps {
                depth -= Int(step.mergeCount)
                if step.rootIndex < 0 { depth += 1 }
                #expect((0...SummationProgram.maximumStackDepth).contains(depth))
            }
            #expect(depth == 0)
        }
    }

    @Test("A worker whose micro-batches are all empty has no roots and no steps")
    func emptyWorker() throws {
        let ownership = try Ownership(microBatchCount: 8, workerCount: 8)
        let program = ownership.localProgram(rank: 0, batchSize: 5)
        #expect(program.roots.isEmpty && program.steps.isEmpty && program.samples.isEmpty)
    }
}
