import Datasets
import Experiments
import Kernels
import NeuralNetwork
import Testing

@testable import Training

@Suite("Gradients that are computed twice")
struct AuditTests {
    /// What one worker of a round has noted.
    private struct Noted {
        var digests: [UInt64]
        var agreedSums: [[Float]]
    }

    /// A small training with all that draws at random or looks at the whole batch.
    private func regularized(batchSize: Int = 21) throws -> SmallCase {
        try SmallCase(
            training: 45, validation: 11, batchSize: batchSize, layers: SmallCase.regularized,
            augmentation: .init(rotationDegrees: 10))
    }

    /// The state after one step alone.
    private func secondState(_ small: SmallCase) throws -> ReplicatedState {
        let trainer = try small.trainer()
        _ = try trainer.runStep(LocalExchange(arenaCount: small.model.arenaCount))
        return trainer.state
    }

    /// Runs the step after `state` on several workers; `flip` is the bit of a rank's roots that is changed.
    private func notes(
        _ small: SmallCase, runs: [Range<Int>], _ state: [UInt8], flip: (rank: Int, float: Int)? = nil
    ) throws -> [Noted] {
        try Meeting.run(runs: runs, microBatchCount: small.experiment.microBatchCount) { rank, meeting in
            let trainer = try small.trainer(small.state(state))
            trainer.own(runs[rank])
            let exchange = NotingExchange(
                TreeExchange(
                    meeting, rank: rank, elementCount: small.model.arenaCount, bucketCount: small.model.buckets.count),
                small, run: runs[rank], flippedFloat: flip?.rank == rank ? flip?.float : nil)
            _ = try trainer.runStep(exchange)
            return Noted(digests: exchange.digests, agreedSums: exchange.notes.agreedSums)
        }
    }

    private func auditor(_ small: SmallCase, _ set: InstructionSet? = nil, threads: Int = 1) throws -> GradientAuditor {
        try GradientAuditor(
            experiment: small.experiment, model: small.model, data: small.data,
            kernels: set?.table ?? SmallCase.widest, threadCount: threads)
    }

    @Test("have the digests that their owners noted, for any number of workers", arguments: 1...4)
    func equal(workers: Int) throws {
        for small in [
            try SmallCase(training: 45, validation: 11, batchSize: 21), try regularized(),
            try regularized(batchSize: 5),
        ] {
            let state = try secondState(small)
            let runs = small.runs(workers: workers)
            let noted = try notes(small, runs: runs, small.bytes(state))
            let auditor = try auditor(small, threads: 2)
            for (run, notes) in zip(runs, noted) {
                #expect(notes.agreedSums.map(\.count) == small.model.agreedSumCounts)
                let found = try auditor.digests(ofRun: run, after: state, agreedSums: notes.agreedSums)
                #expect(found == notes.digests)
            }
        }
    }

    @Test("on every instruction set of this host", arguments: InstructionSet.supported)
    func instructionSets(_ set: InstructionSet) throws {
        let small = try regularized()
        let state = try secondState(small)
        for (run, notes) in zip([0..<3, 3..<8], try notes(small, runs: [0..<3, 3..<8], small.bytes(state))) {
            let found = try auditor(small, set).digests(ofRun: run, after: state, agreedSums: notes.agreedSums)
            #expect(found == notes.digests)
        }
    }

    @Test("A flipped bit is found, and a re-execution has the digests of the right gradient")
    func flippedBit() throws {
        let small = try SmallCase(training: 45, validation: 11, batchSize: 21)
        let state = small.bytes(try secondState(small))
        let runs = small.runs(workers: 2)
        let reexecution = try AuditReexecution(
            experiment: small.experiment, model: small.model, data: small.data, kernels: SmallCase.widest,
            threadCount: 1)
        let truth = try reexecution.digests(ofRun: runs[0], state: state, step: 1, agreedSums: [])
        let parameter = small.model.parameters[0]
        for float in [parameter.arenaOffset, parameter.arenaOffset + parameter.count - 1] {
            let lies = try notes(small, runs: runs, state, flip: (rank: 0, float: float))[0].digests
            #expect(lies != truth)
        }
        #expect(try notes(small, runs: runs, state)[0].digests == truth)
    }

    @Test("need the state before the step, and the sums that were agreed on")
    func refusals() throws {
        let small = try regularized()
        let reexecution = try AuditReexecution(
            experiment: small.experiment, model: small.model, data: small.data, kernels: SmallCase.widest,
            threadCount: 1)
        let fresh = small.bytes(small.freshState())
        #expect(throws: AuditError.otherStep(expected: 2, found: 1)) {
            try reexecution.digests(ofRun: 0..<4, state: fresh, step: 1, agreedSums: [])
        }
        #expect(throws: AuditError.agreedSums(expected: small.model.agreedSumCounts, found: [3])) {
            try reexecution.digests(ofRun: 0..<4, state: fresh, step: 0, agreedSums: [[1, 2, 3]])
        }
        #expect(throws: (any Error).self) {
            try reexecution.digests(ofRun: 0..<4, state: [1, 2], step: 0, agreedSums: [])
        }
    }
}
