import Datasets
import KernelInterface
import NeuralNetwork
import Runs
import Synchronization
import Testing

@testable import Training

/// Notes which samples of a data set the threads load, by the addresses that the scaling kernel is given.
final class LoadRecorder: Sendable {
    private let counts: Mutex<[Int]>

    init(sampleCount: Int) { counts = Mutex(Array(repeating: 0, count: sampleCount)) }

    /// The kernels of `table`, counting every image that is scaled.
    func recording(_ table: KernelTable, _ dataset: ImageDataset) -> KernelTable {
        var result = table
        let scale = table.scaleBytes
        let base = dataset.pixels.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
        let imageByteCount = dataset.imageByteCount
        result.scaleBytes = { [self] count, bytes, floats in
            let first = Int(UInt(bitPattern: bytes) - base) / imageByteCount
            counts.withLock { counts in
                for sample in first..<first + count / imageByteCount { counts[sample] += 1 }
            }
            scale(count, bytes, floats)
        }
        return result
    }

    /// The counts since the last call.
    func take() -> [Int] {
        counts.withLock { counts in
            defer { counts = Array(repeating: 0, count: counts.count) }
            return counts
        }
    }
}

/// Passes everything on to another exchange and adds up what all micro-batches counted.
final class CountingExchange: GradientExchange {
    private let inner: any GradientExchange
    private(set) var trainingSamples = 0
    private(set) var validationSamples = 0

    init(_ inner: any GradientExchange) { self.inner = inner }

    func begin(round: Int, batchSize: Int) throws -> GradientRoots {
        try inner.begin(round: round, batchSize: batchSize)
    }

    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        UnsafePointer(roots)
    }

    func bucketFinished(_ index: Int) { inner.bucketFinished(index) }

    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws -> UnsafePointer<Float> {
        let sum = try inner.finish(statistics: statistics)
        trainingSamples += statistics.reduce(0) { $0 + $1.sampleCount }
        return sum
    }

    func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) throws {
        try inner.exchange(round: round, sampleCount: sampleCount, statistics: statistics)
        validationSamples += statistics.reduce(0) { $0 + $1.sampleCount }
    }
}

@Suite("Every sample counts exactly once an epoch")
struct CoverageTests {
    @Test(
        "over all workers together, in training and in validation",
        arguments: [1, 2, 3, 4, 5, 6, 7, 8], [(101, 23, 24), (23, 3, 5), (9, 1, 8)])
    func coverage(workers: Int, sizes: (training: Int, validation: Int, batch: Int)) throws {
        let small = try SmallCase(
            training: sizes.training, validation: sizes.validation, batchSize: sizes.batch, epochs: 2)
        let recorder = LoadRecorder(sampleCount: small.data.dataset.sampleCount)
        let runs = small.runs(workers: workers)
        _ = try Meeting.run(runs: runs, microBatchCount: 8) { rank, meeting in
            let table = recorder.recording(SmallCase.widest, small.data.dataset)
            let trainer = try small.trainer(kernels: table, threads: 2)
            trainer.own(runs[rank])
            let exchange = CountingExchange(
                TreeExchange(
                    meeting, rank: rank, elementCount: small.model.arenaCount,
                    bucketCount: small.model.buckets.count))
            for epoch in 1...2 {
                while trainer.state.progress.rows.count < epoch { _ = try trainer.runStep(exchange) }
                #expect(exchange.trainingSamples == epoch * sizes.training)
                #expect(exchange.validationSamples == epoch * sizes.validation)
                try meeting.rendezvous()
                if rank == 0 {
                    #expect(recorder.take().allSatisfy { $0 == 1 }, "each image is loaded once by one worker")
                }
                try meeting.rendezvous()
            }
        }
    }

    @Test("and the training part is another one than the validation part")
    func partsAreApart() throws {
        let small = try SmallCase(training: 101, validation: 23, batchSize: 24)
        let all = small.data.split.training + small.data.split.validation
        #expect(all.sorted() == (0..<124).map { Int32($0) })
        #expect(small.data.split.training.count == 101)
    }
}
