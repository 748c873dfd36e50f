import Datasets
import Foundation
import KernelInterface
import Kernels
import NeuralNetwork
import Runs
import Testing

@testable import Training

@Suite("Evaluating a data set")
struct EvaluatorTests {
    /// The validation samples as a separate data set, in the order of the split.
    private static func validationSet(_ small: SmallCase) throws -> ImageDataset {
        let all = small.data.dataset
        let length = all.imageByteCount
        let samples = small.data.split.validation.map(Int.init)
        return try ImageDataset(
            name: "validation", height: all.height, width: all.width, channels: 1, classNames: all.classNames,
            pixels: samples.flatMap { all.pixels[$0 * length..<($0 + 1) * length] },
            labels: samples.map { all.labels[$0] })
    }

    private static func evaluate(
        _ small: SmallCase, _ dataset: ImageDataset, _ state: ReplicatedState, threads: Int = 1,
        kernels: KernelTable = SmallCase.widest, limit: Int? = nil
    ) throws -> Evaluation {
        try Evaluator(
            experiment: small.experiment, model: small.model, dataset: dataset, kernels: kernels,
            threadCount: threads
        ).evaluate(state, sampleLimit: limit)
    }

    @Test("gives the trainer's validation figures bit for bit", arguments: [(77, 13, 21), (23, 3, 5), (96, 100, 16)])
    func sameFigures(sizes: (training: Int, validation: Int, batch: Int)) throws {
        let small = try SmallCase(
            training: sizes.training, validation: sizes.validation, batchSize: sizes.batch, epochs: 2)
        let trainer = try small.trainer()
        let exchange = LocalExchange(arenaCount: small.model.arenaCount)
        while !trainer.isFinished { _ = try trainer.runStep(exchange) }
        let row = try #require(trainer.state.progress.rows.last)
        let evaluation = try Self.evaluate(small, Self.validationSet(small), trainer.state, threads: 2)
        #expect(evaluation.loss == row.validationLoss)
        #expect(evaluation.accuracy == row.validationAccuracy)
    }

    @Test("agrees with the parts of the validation that each worker counts", arguments: [1, 2, 3])
    func confusions(workers: Int) throws {
        let small = try SmallCase(training: 77, validation: 29, batchSize: 21, epochs: 1)
        // The last one only learns.
        let runs = small.runs(workers: workers) + [8..<8]
        let parts = try Meeting.run(runs: runs, microBatchCount: 8) { rank, meeting in
            let trainer = try small.trainer()
            trainer.own(runs[rank])
            let exchange = TreeExchange(
                meeting, rank: rank, elementCount: small.model.arenaCount, bucketCount: small.model.buckets.count)
            var confusions: [UInt32] = []
            while !trainer.isFinished { confusions = try trainer.runStep(exchange).epoch?.confusions ?? [] }
            return (confusions: confusions, state: small.bytes(trainer.state))
        }
        let evaluation = try Self.evaluate(small, Self.validationSet(small), small.decoded(parts[0].state))
        var expected = [UInt32](repeating: 0, count: 100)
        for (label, prediction) in zip(evaluation.labels, evaluation.predictions) {
            expected[Int(label) * 10 + Int(prediction)] += 1
        }
        #expect(expected.indices.map { index in parts.reduce(0) { $0 + $1.confusions[index] } } == expected)
        #expect(parts[workers].confusions.allSatisfy { $0 == 0 })
    }

    @Test("does not depend on threads or instruction set")
    func threads() throws {
        let small = try SmallCase(training: 77, validation: 50, batchSize: 21)
        let state = try small.decoded(small.bytes(afterSteps: 3))
        let set = try Self.validationSet(small)
        let expected = try Self.evaluate(small, set, state)
        for threads in [1, 2, 3] {
            for instructionSet in InstructionSet.supported {
                let other = try Self.evaluate(small, set, state, threads: threads, kernels: instructionSet.table)
                #expect(other.loss == expected.loss && other.accuracy == expected.accuracy)
                #expect(other.predictions == expected.predictions && other.labels == expected.labels)
                #expect(other.logits.map(\.bitPattern) == expected.logits.map(\.bitPattern))
                #expect(other.probabilities.map(\.bitPattern) == expected.probabilities.map(\.bitPattern))
            }
        }
    }

    @Test("hits, predictions, probabilities and loss belong together")
    func consistency() throws {
        let small = try SmallCase(training: 77, validation: 50, batchSize: 21)
        let state = try small.decoded(small.bytes(afterSteps: 3))
        let set = try Self.validationSet(small)
        let result = try Self.evaluate(small, set, state)
        var loss = 0.0
        var hits = 0
        for sample in 0..<50 {
            let row = result.probabilities[sample * 10..<(sample + 1) * 10]
            let logits = result.logits[sample * 10..<(sample + 1) * 10]
            #expect(abs(row.reduce(0) { $0 + Double($1) } - 1) < 1e-5)
            let largest = logits.indices.max { (logits[$0], $1) < (logits[$1], $0) }
            #expect(largest.map { UInt8($0 - sample * 10) } == result.predictions[sample])
            if result.predictions[sample] == set.labels[sample] { hits += 1 }
            loss -= log(Double(row[sample * 10 + Int(set.labels[sample])]))
        }
        #expect(result.accuracy == Double(hits) / 50)
        #expect(abs(result.loss - loss / 50) < 1e-5)
    }

    @Test("takes the first samples when there is a limit, and all when the limit is beyond them")
    func limit() throws {
        let small = try SmallCase(training: 77, validation: 50, batchSize: 21)
        let state = small.freshState()
        let set = try Self.validationSet(small)
        let all = try Self.evaluate(small, set, state)
        let some = try Self.evaluate(small, set, state, limit: 7)
        #expect(some.labels == Array(set.labels.prefix(7)))
        #expect(some.logits == Array(all.logits.prefix(70)))
        #expect(try Self.evaluate(small, set, state, limit: 1000).labels.count == 50)
    }
}
