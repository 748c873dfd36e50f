/// How long a worker computes for a micro-batch, averaged over the last steps, without waiting for others.
struct ComputePace {
    private var startedAt: Int64 = 0
    private var waitedNanoseconds: Int64 = 0
    private var average: Int64 = 0

    /// A new step counts for so much of the average.
    private static let weight: Int64 = 8

    mutating func start(at nanoseconds: Int64) {
        startedAt = nanoseconds
        waitedNanoseconds = 0
    }

    /// Waiting for others in the middle of a step does not count.
    mutating func wait(_ nanoseconds: Int64) {
        waitedNanoseconds += nanoseconds
    }

    /// All gradients of the step are computed. Returns the average; 0 for a worker that owns no micro-batches.
    mutating func finish(at nanoseconds: Int64, microBatchCount: Int) -> UInt64 {
        guard microBatchCount > 0, startedAt > 0 else { return 0 }
        let time = (nanoseconds - startedAt - waitedNanoseconds) / Int64(microBatchCount)
        average = average == 0 ? time : average + (time - average) / Self.weight
        return UInt64(max(1, average))
    }
}
