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

/// How the workers of a view agree on sums. One round follows another; all workers take part in every round.
///
/// In a training round the worker writes its gradient roots into the memory that `begin` hands out, tells of each finished bucket, and gets the
/// whole batch's sum from `finish`. Between the two, `sum` adds up what a pass has to know of the whole batch. In a
/// validation round only statistics are exchanged.
package protocol GradientExchange: SumAgreement {
    /// Starts a training round. Returns the memory for this worker's gradient roots.
    func begin(round: Int, batchSize: Int) throws -> GradientRoots

    /// The roots of this bucket are complete and will not be written again in this round. Called on the compute thread, never blocks for long.
    func bucketFinished(_ index: Int)

    /// Waits for the sums of all buckets. `statistics` has one entry a micro-batch; on entry this worker's own are set, on return all are.
    /// - Returns: the gradient sum of the batch, valid until the next but one `begin`.
    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws -> UnsafePointer<Float>

    /// A round without gradients: fills in every other worker's statistics.
    /// The samples are cut into pieces like a batch, one a micro-batch.
    func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws
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
