import Collectives
import Coordination
import Experiments
import KernelInterface
import NeuralNetwork
import Training

/// A worker's gradient differs from the one that an auditor computed for it.
struct AuditMismatchError: Error {
    let mismatch: AuditMismatch
}

/// Has a second worker re-execute gradients, and fails the step before it is applied when the two differ. A single
/// owner computes its own gradient twice.
final class AuditedExchange: GradientExchange {
    private let inner: any GradientExchange
    /// Nil for a worker without peers.
    private let peers: PeerExchange?
    private let trainer: TrainingReplica
    private let schedule: AuditSchedule
    private let rank: Int
    /// The owners' runs, by rank.
    private let runs: [Range<Int>]
    private let auditor: GradientAuditor
    private let notes: AuditNotes
    private var roots: GradientRoots?

    /// Throws what `GradientAuditor` throws.
    init(peers: PeerExchange?, trainer: TrainingReplica, view: View, rank: Int, share: Double, threadCount: Int) throws
    {
        inner = peers ?? LocalExchange(arenaCount: trainer.model.arenaCount)
        self.peers = peers
        self.trainer = trainer
        self.rank = rank
        schedule = AuditSchedule(share: share, seed: trainer.experiment.seed)
        runs = view.members.filter { !$0.isLearner }.map(\.microBatches)
        auditor = try GradientAuditor(
            experiment: trainer.experiment, model: trainer.model, data: trainer.data, kernels: trainer.kernels,
            threadCount: threadCount)
        notes = AuditNotes(trainer.model)
    }

    func begin(round: Int, batchSize: Int) throws -> GradientRoots {
        if runs.indices.contains(rank) {
            let pieces = MicroBatches(sampleCount: batchSize, count: trainer.experiment.microBatchCount)
            notes.begin(rootCount: LocalProgram(run: runs[rank], of: pieces).roots.count)
        }
        let roots = try inner.begin(round: round, batchSize: batchSize)
        self.roots = roots
        return roots
    }

    func bucketFinished(_ index: Int) {
        inner.bucketFinished(index)
    }

    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        inner.sum(roots: roots, rootStride: rootStride, count: count)
    }

    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws -> UnsafePointer<Float> {
        let sum = try inner.finish(statistics: statistics)
        let step = trainer.completedSteps
        let audited = runs.indices.filter { schedule.isAudited(step: step, owner: $0) }
        if !audited.isEmpty { try audit(audited, step: step) }
        return sum
    }

    private func audit(_ audited: [Int], step: Int) throws {
        var finding = AuditFinding(own: 0, recomputed: 0)
        if audited.contains(rank), let roots { finding.own = AuditFinding.folded(notes.digests(of: roots)) }
        if runs.indices.contains(rank) {
            let other = AuditSchedule.audited(by: rank, ownerCount: runs.count) ?? rank
            if audited.contains(other) {
                finding.recomputed = AuditFinding.folded(
                    try auditor.digests(ofRun: runs[other], after: trainer.state, agreedSums: []))
            }
        }
        let findings = try peers?.exchange(finding) ?? [finding]
        for owner in audited {
            let second = AuditSchedule.auditor(of: owner, ownerCount: runs.count) ?? owner
            guard findings[owner].own != findings[second].recomputed else { continue }
            throw AuditMismatchError(
                mismatch: AuditMismatch(
                    completedSteps: UInt64(step), owner: owner, auditor: second, ownerDigest: findings[owner].own,
                    auditorDigest: findings[second].recomputed))
        }
    }

    func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) throws {
        try inner.exchange(round: round, sampleCount: sampleCount, statistics: statistics)
    }
}

/// One owner's part of a round's audit: the digests of its own gradient and of the gradient that it re-executed.
struct AuditFinding: Equatable {
    /// Its size in doubles.
    static let width = 4

    var own: UInt64
    var recomputed: UInt64

    init(own: UInt64, recomputed: UInt64) {
        self.own = own
        self.recomputed = recomputed
    }

    init(_ values: UnsafePointer<Double>) {
        func word(_ index: Int) -> UInt64 {
            UInt64(UInt32(exactly: values[index]) ?? 0) | UInt64(UInt32(exactly: values[index + 1]) ?? 0) << 32
        }
        self.init(own: word(0), recomputed: word(2))
    }

    /// Writes halves of 32 bits, which a Double holds exactly.
    func write(to values: UnsafeMutablePointer<Double>) {
        for (index, word) in [own, recomputed].enumerated() {
            values[2 * index] = Double(UInt32(truncatingIfNeeded: word))
            values[2 * index + 1] = Double(UInt32(truncatingIfNeeded: word >> 32))
        }
    }

    /// One digest for a worker's roots, in their order (FNV-1a over words).
    static func folded(_ digests: [UInt64]) -> UInt64 {
        digests.reduce(14_695_981_039_346_656_037) { ($0 ^ $1) &* 1_099_511_628_211 }
    }
}
