import Collectives
import Datasets
import Experiments
import KernelInterface
import NeuralNetwork
import Testing

@testable import Training

@Suite("A value that is not finite stops training before it is applied")
struct NonFiniteTests {
    /// Kernels that scale one image of the data set, or all, to `value` instead.
    private static func poisoned(_ small: SmallCase, sample: Int?, value: Float) -> KernelTable {
        let length = small.data.dataset.imageByteCount
        let base = small.data.dataset.pixels.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
        var table = SmallCase.widest
        let scale = table.scaleBytes
        table.scaleBytes = { count, bytes, floats in
            scale(count, bytes, floats)
            let first = Int(UInt(bitPattern: bytes) - base) / length
            for image in 0..<count / length where sample ?? (first + image) == first + image {
                for pixel in 0..<length { floats[image * length + pixel] = value }
            }
        }
        return table
    }

    @Test("a loss: named by step and micro-batch, the state unchanged", arguments: [1, 2, 3])
    func loss(threads: Int) throws {
        let small = try SmallCase(training: 77, validation: 13, batchSize: 21, epochs: 2, layers: SmallCase.linear)
        let order = EpochOrder.shuffle(small.data.split.training, seed: small.experiment.seed, epoch: 0)
        // The third step of the first epoch, samples 42 ..< 63: one from each micro-batch, first and last among them.
        for position in [42, 44, 50, 55, 62] {
            let pieces = MicroBatches(sampleCount: 21, count: 8)
            let microBatch = try #require((0..<8).first { pieces[$0].contains(position - 42) })
            for value in [Float.nan, .infinity] {
                let table = Self.poisoned(small, sample: Int(order[position]), value: value)
                let trainer = try small.trainer(kernels: table, threads: threads)
                let exchange = LocalExchange(arenaCount: small.model.arenaCount)
                _ = try trainer.runStep(exchange)
                _ = try trainer.runStep(exchange)
                let before = small.bytes(trainer.state)
                #expect(throws: TrainingError.nonFiniteLoss(step: 3, microBatch: microBatch)) {
                    try trainer.runStep(exchange)
                }
                #expect(small.bytes(trainer.state) == before)
            }
        }
    }

    @Test("a loss on another worker: every worker stops with the same words and keeps its state")
    func lossElsewhere() throws {
        let small = try SmallCase(training: 77, validation: 13, batchSize: 21, layers: SmallCase.linear)
        let order = EpochOrder.shuffle(small.data.split.training, seed: small.experiment.seed, epoch: 0)
        let table = Self.poisoned(small, sample: Int(order[20]), value: .nan)
        let fresh = small.bytes(small.freshState())
        _ = try Meeting.run(runs: small.runs(workers: 3), microBatchCount: 8) { rank, meeting in
            let trainer = try small.trainer(kernels: table)
            trainer.own(meeting.runs[rank])
            let exchange = TreeExchange(
                meeting, rank: rank, elementCount: small.model.arenaCount, bucketCount: small.model.buckets.count)
            #expect(throws: TrainingError.nonFiniteLoss(step: 1, microBatch: 7)) { try trainer.runStep(exchange) }
            #expect(small.bytes(trainer.state) == fresh)
        }
    }

    @Test("a validation loss: the training step before it stays")
    func validationLoss() throws {
        let small = try SmallCase(training: 21, validation: 13, batchSize: 21, layers: SmallCase.linear)
        let table = Self.poisoned(small, sample: Int(small.data.split.validation[12]), value: .nan)
        let trainer = try small.trainer(kernels: table)
        #expect(throws: TrainingError.nonFiniteValidationLoss(epoch: 1, step: 1, microBatch: 7)) {
            try trainer.runStep(LocalExchange(arenaCount: small.model.arenaCount))
        }
        #expect(try small.bytes(trainer.state) == small.stateBeforeValidation())
    }

    @Test("a gradient whose losses are finite: named by step, the state unchanged", arguments: [1, 2])
    func gradient(threads: Int) throws {
        let small = try SmallCase(training: 77, validation: 13, batchSize: 64, layers: SmallCase.linear)
        let table = Self.poisoned(small, sample: nil, value: .greatestFiniteMagnitude)
        let state = small.freshState()
        // With zero weights every loss is ln 10 whatever the pixels are, and the sum of the pixels overflows.
        for index in 0..<small.model.arenaCount { state.parameters.pointer[index] = 0 }
        let before = small.bytes(state)
        let trainer = try small.trainer(state, kernels: table, threads: threads)
        #expect(throws: TrainingError.nonFiniteGradient(step: 1)) {
            try trainer.runStep(LocalExchange(arenaCount: small.model.arenaCount))
        }
        #expect(small.bytes(trainer.state) == before)
    }

    @Test("weights that are not numbers, in the last layer")
    func weights() throws {
        let small = try SmallCase(training: 21, validation: 13, batchSize: 21)
        let state = small.freshState()
        let parameter = try #require(small.model.parameters.last)
        for value in [Float.nan, .infinity] {
            state.parameters.pointer[parameter.arenaOffset] = value
            let trainer = try small.trainer(state)
            #expect(throws: TrainingError.self) {
                try trainer.runStep(LocalExchange(arenaCount: small.model.arenaCount))
            }
        }
    }

    @Test("descriptions have the event and a remedy, in one line")
    func descriptions() {
        let loss = TrainingError.nonFiniteLoss(step: 3, microBatch: 5).description
        #expect(loss.contains("micro-batch 5") && loss.contains("step 3") && !loss.contains("\n"))
        let gradient = TrainingError.nonFiniteGradient(step: 4).description
        #expect(gradient.contains("step 4") && !gradient.contains("\n"))
    }
}
