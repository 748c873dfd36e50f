import Core
package import NeuralNetwork

/// Which workers' gradients are recomputed, and by which worker.
///
/// A pure function of seed, step and the owner's rank, so every worker derives it alone. Its draws affect no other
/// draw, and an audit without a finding changes no bit.
package struct AuditSchedule: Sendable, Equatable {
    /// From 0, none, to 1, all owners in every step.
    package let share: Double
    private let seed: UInt64
    /// A random word below it means an audit.
    private let bound: UInt64

    package init(share: Double, seed: UInt64) {
        precondition((0...1).contains(share), "a share is a number from 0 to 1")
        self.share = share
        self.seed = seed
        bound = UInt64((share * 0x1p32).rounded())
    }

    /// Whether the gradient of the owner of a rank is audited in a step. `step` counts the training's steps before it.
    package func isAudited(step: Int, owner: Int) -> Bool {
        let stream = RandomStream(seed: seed, purpose: .audit, step: UInt32(truncatingIfNeeded: step))
        return UInt64(stream.word(position: UInt32(truncatingIfNeeded: owner), element: 0)) < bound
    }

    /// The rank that recomputes the gradient of the owner of `rank`; nil for a single owner.
    package static func auditor(of rank: Int, ownerCount: Int) -> Int? {
        precondition(0..<ownerCount ~= rank, "the rank of an owner")
        return ownerCount > 1 ? (rank + 1) % ownerCount : nil
    }

    /// The rank whose gradient the owner of `rank` recomputes; nil for a single owner.
    package static func audited(by rank: Int, ownerCount: Int) -> Int? {
        precondition(0..<ownerCount ~= rank, "the rank of an owner")
        return ownerCount > 1 ? (rank + ownerCount - 1) % ownerCount : nil
    }
}

/// A worker's notes of a training round for an audit: a digest of what it adds to each sum, and the sums that the
/// workers agreed on inside the pass.
///
/// An exchange calls `begin`, then `noteSum` for every sum inside the pass, then `digests` when all own roots are
/// finished.
package final class AuditNotes {
    private let buckets: [Range<Int>]
    private var hashers: [SHA256Hasher] = []
    /// The sums over the whole batch that all workers agreed on inside the pass, in its order.
    package private(set) var agreedSums: [[Float]] = []

    package init(_ model: Model) {
        buckets = model.buckets
    }

    /// Clears the notes of the round before. `rootCount` is the number of this worker's roots in this batch.
    package func begin(rootCount: Int) {
        hashers = [SHA256Hasher](repeating: SHA256Hasher(), count: rootCount)
        agreedSums.removeAll(keepingCapacity: true)
    }

    /// Notes a sum inside the pass: own root r is at `roots + r · stride`, `total` is the sum over all workers.
    package func noteSum(
        roots: UnsafePointer<Float>, stride: Int, count: Int, total: UnsafePointer<Float>
    ) {
        add(roots, stride: stride, 0..<count)
        agreedSums.append(Array(UnsafeBufferPointer(start: total, count: count)))
    }

    /// 64 bits for each own root, in order: the first bytes of a SHA-256 over the root's part of each sum of the round.
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
