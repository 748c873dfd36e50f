import Core
package import NeuralNetwork

/// What a worker notes of a training round for an audit: a digest of what it adds to each sum, and what was agreed on
/// inside the pass.
///
/// An exchange calls `begin`, then `noteSum` for every sum inside the pass, then `digests` when all own roots are finished.
package final class AuditNotes {
    private let buckets: [Range<Int>]
    private var hashers: [SHA256Hasher] = []
    /// What all workers agreed on inside the pass, in its order: each sum over the whole batch.
    package private(set) var agreedSums: [[Float]] = []

    package init(_ model: Model) {
        buckets = model.buckets
    }

    /// Forgets the round before. `rootCount` is the number of this worker's roots in this batch.
    package func begin(rootCount: Int) {
        hashers = [SHA256Hasher](repeating: SHA256Hasher(), count: rootCount)
        agreedSums.removeAll(keepingCapacity: true)
    }

    /// Notes a sum inside the pass: own root r is at `roots + r · stride`, `total` is what all agreed on.
    package func noteSum(
        roots: UnsafePointer<Float>, stride: Int, count: Int, total: UnsafePointer<Float>
    ) {
        add(roots, stride: stride, 0..<count)
        agreedSums.append(Array(UnsafeBufferPointer(start: total, count: count)))
    }

    /// 64 bits for each own root, in order: the first bytes of a SHA-256 over what the root added to each sum of the round.
    package func digests(of roots: GradientRoots) -> [UInt64] {
        for bucket in buckets { add(UnsafePointer(roots.floats), stride: roots.stride, bucket) }
        return hashers.map { hasher in
            hasher.finish().bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    private func add(_ roots: UnsafePointer<Float>, stride: Int, _ range: Range<Int>) {
        for root in hashers.indices {
            let floats = UnsafeBufferPointer(start: roots + root * stride + range.lowerBound, count: range.count)
            hashers[root].update(UnsafeRawBufferPointer(floats))
        }
    }
}
