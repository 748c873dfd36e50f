import Collectives
import Experiments
import NeuralNetwork
import Runs

@testable import Training

/// An exchange that notes what an audit needs, as a worker's does, and may change a bit of its gradient.
final class NotingExchange: GradientExchange {
    let notes: AuditNotes
    private(set) var digests: [UInt64] = []
    private let exchange: TreeExchange
    private let small: SmallCase
    private let run: Range<Int>
    private let flippedFloat: Int?
    private var roots: GradientRoots?

    init(_ exchange: TreeExchange, _ small: SmallCase, run: Range<Int>, flippedFloat: Int?) {
        self.exchange = exchange
        self.small = small
        self.run = run
        self.flippedFloat = flippedFloat
        notes = AuditNotes(small.model)
    }

    func begin(round: Int, batchSize: Int) throws -> GradientRoots {
        let batch = MicroBatches(sampleCount: batchSize, count: small.experiment.microBatchCount)
        notes.begin(rootCount: LocalProgram(run: run, of: batch).roots.count)
        let roots = try exchange.begin(round: round, batchSize: batchSize)
        self.roots = roots
        return roots
    }

    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        guard let total = exchange.sum(roots: roots, rootStride: rootStride, count: count) else { return nil }
        notes.noteSum(roots: roots, stride: rootStride, count: count, total: total)
        return total
    }

    func bucketFinished(_ index: Int) { exchange.bucketFinished(index) }

    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws -> UnsafePointer<Float> {
        if let roots {
            if let flippedFloat {
                roots.floats[flippedFloat] = Float(bitPattern: roots.floats[flippedFloat].bitPattern ^ 1)
            }
            digests = notes.digests(of: roots)
        }
        return try exchange.finish(statistics: statistics)
    }

    func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) throws {
        try exchange.exchange(round: round, sampleCount: sampleCount, statistics: statistics)
    }
}

extension SmallCase {
    /// The state in a checkpoint's bytes.
    func state(_ bytes: [UInt8]) throws -> ReplicatedState {
        try ReplicatedState(
            checkpoint: Safetensors(bytes: bytes), model: model, experiment: experiment, schedule: schedule)
    }
}
