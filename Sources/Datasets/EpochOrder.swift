import Core

/// The order in which an epoch visits its samples.
package enum EpochOrder {
    /// A random order of `indices`, different in each epoch and independent of the order of other epochs.
    package static func shuffle(_ indices: [Int32], seed: UInt64, epoch: Int) -> [Int32] {
        guard let step = UInt32(exactly: epoch) else { preconditionFailure("epoch \(epoch) is not a 32-bit number") }
        let stream = RandomStream(seed: seed, purpose: .epochOrder, step: step)
        return stream.permutation(count: indices.count).map { indices[Int($0)] }
    }
}
