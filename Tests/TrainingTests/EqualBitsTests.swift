import Core
import KernelInterface
import Kernels
import NeuralNetwork
import Testing

@testable import Training

/// Which kernels a case runs on.
enum KernelChoice: Sendable, CustomStringConvertible {
    case widest
    case set(InstructionSet)

    var table: KernelTable {
        switch self {
        case .widest: SmallCase.widest
        case .set(let set): set.table
        }
    }

    var description: String {
        switch self {
        case .widest: "widest"
        case .set(let set): set.rawValue
        }
    }
}

@Suite("Any number of workers and threads gives the same bytes")
struct EqualBitsTests {
    /// Samples, batch sizes and micro-batches that fit each other badly: a smaller last batch, batches that M does not
    /// divide, and batches smaller than M, with empty micro-batches.
    struct Sizes: Sendable, CustomStringConvertible {
        var training: Int, validation: Int, batchSize: Int, microBatches: Int

        var description: String { "\(training)+\(validation) samples, batch \(batchSize), M \(microBatches)" }

        func makeCase() throws -> SmallCase {
            try SmallCase(
                training: training, validation: validation, batchSize: batchSize, epochs: 2,
                microBatches: microBatches)
        }

        static let all = [
            Sizes(training: 96, validation: 32, batchSize: 32, microBatches: 8),
            Sizes(training: 101, validation: 23, batchSize: 24, microBatches: 8),
            Sizes(training: 77, validation: 13, batchSize: 21, microBatches: 8),
            Sizes(training: 23, validation: 3, batchSize: 5, microBatches: 8),
            Sizes(training: 9, validation: 1, batchSize: 8, microBatches: 8),
            Sizes(training: 67, validation: 19, batchSize: 33, microBatches: 16),
            Sizes(training: 50, validation: 10, batchSize: 64, microBatches: 8),
        ]
    }

    @Test("with even shares", arguments: Sizes.all, [1, 2, 3, 4, 5, 8])
    func evenShares(_ sizes: Sizes, workers: Int) throws {
        let small = try sizes.makeCase()
        let expected = try small.trainedAlone()
        for bytes in try small.trainedTogether(runs: small.runs(workers: workers)) {
            #expect(bytes == expected)
        }
    }

    @Test("with workers that own nothing and only learn", arguments: Sizes.all, [1, 2, 5])
    func learners(_ sizes: Sizes, owners: Int) throws {
        let small = try SmallCase(
            training: sizes.training, validation: sizes.validation, batchSize: sizes.batchSize, epochs: 2,
            microBatches: sizes.microBatches, layers: SmallCase.regularized)
        let expected = try small.trainedAlone()
        let runs = small.runs(workers: owners) + [sizes.microBatches..<sizes.microBatches, 0..<0]
        for bytes in try small.trainedTogether(runs: runs) { #expect(bytes == expected) }
    }

    @Test(
        "with layers that look at the whole batch, penalties, clipping and a schedule", arguments: Sizes.all,
        [1, 2, 3, 8])
    func wholeBatchLayers(_ sizes: Sizes, workers: Int) throws {
        let small = try SmallCase(
            training: sizes.training, validation: sizes.validation, batchSize: sizes.batchSize, epochs: 2,
            microBatches: sizes.microBatches, layers: SmallCase.regularized,
            loss: LossConfiguration(CategoricalCrossEntropy(isSparse: false, labelSmoothing: 0.1)),
            optimizer: OptimizerConfiguration(
                RMSprop(momentum: 0.9), schedule: CosineSchedule(warmUpEpochCount: 1, finalFactor: 0.1),
                clippingNorm: 0.5))
        let expected = try small.trainedAlone()
        #expect(try small.trainedAlone(threads: 3) == expected)
        for set in InstructionSet.supported { #expect(try small.trainedAlone(kernels: set.table) == expected) }
        for bytes in try small.trainedTogether(runs: small.runs(workers: workers), threads: 2) {
            #expect(bytes == expected)
        }
    }

    @Test("with every optimizer", arguments: OptimizerKinds.all.map { $0.key })
    func optimizers(name: String) throws {
        let sizes = Sizes.all[0]
        let kind = try #require(OptimizerKinds.all.first { $0.key == name })
        let small = try SmallCase(
            training: sizes.training, validation: sizes.validation, batchSize: sizes.batchSize, epochs: 2,
            microBatches: sizes.microBatches, layers: SmallCase.regularized,
            optimizer: OptimizerConfiguration(kind.init()))
        let expected = try small.trainedAlone()
        for set in InstructionSet.supported { #expect(try small.trainedAlone(kernels: set.table) == expected) }
        for bytes in try small.trainedTogether(runs: small.runs(workers: 3), threads: 2) { #expect(bytes == expected) }
    }

    @Test("with uneven shares", arguments: Sizes.all.filter { $0.microBatches == 8 })
    func unevenShares(_ sizes: Sizes) throws {
        let small = try sizes.makeCase()
        let expected = try small.trainedAlone()
        for runs in [[0..<1, 1..<7, 7..<8], [0..<3, 3..<8], [0..<7, 7..<8], [0..<5, 5..<6, 6..<7, 7..<8]] {
            for bytes in try small.trainedTogether(runs: runs) { #expect(bytes == expected, "\(runs)") }
        }
    }

    @Test("with 1, 2 and 3 threads", arguments: Sizes.all, [1, 2, 3])
    func threads(_ sizes: Sizes, threads: Int) throws {
        let small = try sizes.makeCase()
        let expected = try small.trainedAlone()
        #expect(try small.trainedAlone(threads: threads) == expected)
        for bytes in try small.trainedTogether(runs: small.runs(workers: 3), threads: threads) {
            #expect(bytes == expected)
        }
    }

    @Test("on every instruction set of this host", arguments: InstructionSet.supported)
    func instructionSets(_ set: InstructionSet) throws {
        let small = try SmallCase(training: 45, validation: 11, batchSize: 21)
        let expected = try small.trainedAlone()
        #expect(try small.trainedAlone(kernels: set.table) == expected)
        for bytes in try small.trainedTogether(runs: [0..<3, 3..<8], instructionSet: .set(set), threads: 2) {
            #expect(bytes == expected)
        }
    }

    @Test("but another number of micro-batches or another seed does not")
    func otherExperiments() throws {
        let eight = try SmallCase(training: 96, validation: 32, batchSize: 32, microBatches: 8)
        let one = try SmallCase(training: 96, validation: 32, batchSize: 32, microBatches: 1)
        func weights(_ small: SmallCase) throws -> [Float] {
            let trainer = try small.trainer()
            let exchange = LocalExchange(arenaCount: small.model.arenaCount)
            while !trainer.isFinished { _ = try trainer.runStep(exchange) }
            return Array(UnsafeBufferPointer(start: trainer.state.parameters.pointer, count: small.model.arenaCount))
        }
        #expect(try weights(eight) != weights(one), "the grouping of the sums can be seen in the bits")
    }
}
