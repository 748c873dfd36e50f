import NeuralNetwork

/// Stands in for the exchange of the audited worker: notes what it adds to sums inside the pass, and hands out those that
/// the workers agreed on.
final class AuditExchange: GradientExchange {
    private let notes: AuditNotes
    private let agreedSums: [[Float]]
    private var sumCount = 0
    /// The sum that was handed out last.
    private let memory: AlignedBuffer<Float>

    init(_ notes: AuditNotes, _ agreedSums: [[Float]]) {
        self.notes = notes
        self.agreedSums = agreedSums
        memory = AlignedBuffer<Float>(count: agreedSums.map(\.count).max() ?? 0)
    }

    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        guard sumCount < agreedSums.count, agreedSums[sumCount].count == count else { return nil }
        memory.pointer.update(from: agreedSums[sumCount], count: count)
        sumCount += 1
        let total = UnsafePointer(memory.pointer)
        notes.noteSum(roots: roots, stride: rootStride, count: count, total: total)
        return total
    }

    func bucketFinished(_ index: Int) {}

    func begin(round: Int, batchSize: Int) -> GradientRoots {
        preconditionFailure("an audit computes and exchanges nothing")
    }

    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) -> UnsafePointer<Float> {
        preconditionFailure("an audit computes and exchanges nothing")
    }

    func exchange(round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) {
        preconditionFailure("an audit computes and exchanges nothing")
    }
}
