/// How workers agree on sums in the middle of a pass.
package protocol SumAgreement: AnyObject {
    /// Adds `count` floats over the micro-batches of all workers by the fixed tree. This worker's root r is at
    /// `roots + r · rootStride`; a worker without samples has none. All workers call it equally often in a step, in the
    /// same order.
    /// - Returns: the sums, valid until the next call; nil when the exchange failed, which its owner then reports.
    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>?
}

/// Where a pass's samples stand in the training: the key of everything random, and the divisor of means.
package struct BatchPlace: Sendable {
    /// The training step, from 0.
    package var step: Int
    /// The first sample's position in the global batch.
    package var firstPosition: Int
    /// Samples of the global batch.
    package var batchSize: Int

    package init(step: Int, firstPosition: Int, batchSize: Int) {
        self.step = step
        self.firstPosition = firstPosition
        self.batchSize = batchSize
    }
}
