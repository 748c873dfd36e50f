import Faults
import KernelInterface
import NeuralNetwork
import Training

/// Passes all calls on to another exchange, and triggers planned faults in the middle of it.
final class FaultedExchange: GradientExchange {
    private let inner: any GradientExchange
    private let injector: FaultInjector
    private let buckets: [Range<Int>]
    /// Whether this worker has gradient roots to send.
    private let hasRoots: Bool
    private let completedSteps: () -> Int
    private var roots: GradientRoots?
    private var hasSent = false

    init(
        _ inner: any GradientExchange, injector: FaultInjector, buckets: [Range<Int>], hasRoots: Bool,
        completedSteps: @escaping () -> Int
    ) {
        self.inner = inner
        self.injector = injector
        self.buckets = buckets
        self.hasRoots = hasRoots
        self.completedSteps = completedSteps
    }

    private func reach(_ point: Failpoint) {
        injector.reach(point, step: UInt64(completedSteps() + 1))
    }

    func begin(round: Int, batchSize: Int) throws -> GradientRoots {
        let roots = try inner.begin(round: round, batchSize: batchSize)
        self.roots = roots
        hasSent = false
        return roots
    }

    func bucketFinished(_ index: Int) {
        if let roots, hasRoots {
            let bucket = buckets[index]
            injector.flip(
                gradient: UnsafeMutableBufferPointer(start: roots.floats + bucket.lowerBound, count: bucket.count))
        }
        inner.bucketFinished(index)
        if !hasSent { reach(.reduceScatter) }
        hasSent = true
    }

    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        inner.sum(roots: roots, rootStride: rootStride, count: count)
    }

    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws -> UnsafePointer<Float> {
        reach(.allGather)
        return try inner.finish(statistics: statistics)
    }

    func sharedUpdate() -> SharedUpdate? { inner.sharedUpdate() }

    func finishUpdate(isFinite: Bool) throws -> Bool {
        reach(.sharedUpdate)
        return try inner.finishUpdate(isFinite: isFinite)
    }

    func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) throws {
        injector.reach(.validating, step: UInt64(completedSteps()))
        try inner.exchange(round: round, sampleCount: sampleCount, statistics: statistics)
    }
}
