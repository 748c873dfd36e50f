import Collectives
package import NeuralNetwork

/// Where a worker's gradient roots go: root r, element i at `floats[r · stride + i]`.
package struct GradientRoots {
    package var floats: UnsafeMutablePointer<Float>
    package var stride: Int

    package init(floats: UnsafeMutablePointer<Float>, stride: Int) {
        self.floats = floats
        self.stride = stride
    }
}

/// How the workers of a view sum gradients and statistics. All workers take part in every round, one round after
/// another.
///
/// In a training round the worker writes its gradient roots into the memory that `begin` returns, reports each finished
/// bucket, and gets the sum over the whole batch from `finish`. Between the two, `sum` sums what a pass needs of the
/// whole batch. In a validation round only statistics are exchanged.
package protocol GradientExchange: SumAgreement {
    /// Starts a training round. Returns the memory for this worker's gradient roots.
    func begin(round: Int, batchSize: Int) throws -> GradientRoots

    /// The roots of this bucket are complete and are not written again in this round. Called on the compute thread;
    /// does not wait for other workers.
    func bucketFinished(_ index: Int)

    /// Waits for the sums of all buckets. `statistics` has one entry a micro-batch; on entry this worker's own are set,
    /// on return all are.
    ///
    /// - Returns: the gradient sum of the batch, valid until the next but one `begin`.
    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws -> UnsafePointer<Float>

    /// What this worker computes of an update that the workers of its host share; nil where it updates its whole state
    /// by itself. To be called after `finish`.
    func sharedUpdate() -> SharedUpdate?

    /// This worker's part of a shared update is written, unless its sums are not finite. Waits for the parts of the
    /// others.
    ///
    /// - Returns: whether the sums of all parts are finite. Only then the target of the update is the next state.
    func finishUpdate(isFinite: Bool) throws -> Bool

    /// A round without gradients: fills in the statistics of all other workers. The samples are cut into pieces like a
    /// batch, one a micro-batch.
    func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws
}

extension GradientExchange {
    package func sharedUpdate() -> SharedUpdate? { nil }

    package func finishUpdate(isFinite: Bool) throws -> Bool {
        preconditionFailure("an exchange that shares no update finishes none")
    }
}

/// A worker's part of an update that the workers of a host make together: it reads its parts of the state, and writes
/// them to arenas in which the others write theirs.
package struct SharedUpdate {
    /// Elements of the arenas, from left to right.
    package var parts: [Range<Int>]
    package var target: StateArenas
    /// Whether no state was written there before: then it also lacks what updates leave as it is.
    package var isTargetNew: Bool

    package init(parts: [Range<Int>], target: StateArenas, isTargetNew: Bool) {
        self.parts = parts
        self.target = target
        self.isTargetNew = isTargetNew
    }
}

/// The exchange of a worker that owns all micro-batches: its one root is the sum.
package final class LocalExchange: GradientExchange {
    private let gradient: AlignedBuffer<Float>

    package init(arenaCount: Int) {
        gradient = AlignedBuffer<Float>(count: arenaCount)
    }

    package func begin(round: Int, batchSize: Int) -> GradientRoots {
        GradientRoots(floats: gradient.pointer, stride: gradient.count)
    }

    package func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        UnsafePointer(roots)
    }

    package func bucketFinished(_ index: Int) {}

    package func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) -> UnsafePointer<Float> {
        UnsafePointer(gradient.pointer)
    }

    package func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) {}
}

/// What one micro-batch adds to the sums of its epoch.
package struct MicroBatchStatistics: Sendable, Equatable {
    /// The sum of the samples' losses, one after another, in Double.
    package var lossSum: Double
    package var correctCount: Int
    /// 0 for an empty micro-batch, which is skipped in the sums.
    package var sampleCount: Int

    package init(lossSum: Double = 0, correctCount: Int = 0, sampleCount: Int = 0) {
        self.lossSum = lossSum
        self.correctCount = correctCount
        self.sampleCount = sampleCount
    }

    /// The sums over all micro-batches: losses by the fixed tree, empty micro-batches skipped; +0 without any sample.
    static func sum(_ microBatches: UnsafeMutableBufferPointer<MicroBatchStatistics>) -> MicroBatchStatistics {
        var total = MicroBatchStatistics()
        let lossSum = ReductionTree(leafCount: microBatches.count).sum { leaf in
            microBatches[leaf].sampleCount > 0 ? microBatches[leaf].lossSum : nil
        }
        total.lossSum = lossSum ?? 0
        for microBatch in microBatches {
            total.correctCount += microBatch.correctCount
            total.sampleCount += microBatch.sampleCount
        }
        return total
    }
}
