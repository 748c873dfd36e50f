import Coordination
import Runs

/// Adds up the owners' parts of an epoch's confusion matrix.
struct ValidationSum {
    private var generation: UInt64 = 0
    private var epoch: UInt32 = 0
    private var classCount = 0
    /// By worker.
    private var parts: [UInt32: [UInt32]] = [:]

    /// Adds what one of `ownerCount` owners reports. Returns the sum once all parts of a view's validation are there.
    /// Parts of another view or epoch are dropped: the same samples may be in both.
    mutating func add(_ counts: ValidationCounts, from worker: UInt32, ownerCount: Int) -> ValidationCounts? {
        if (counts.generation, counts.epoch, counts.classCount) != (generation, epoch, classCount) {
            (generation, epoch, classCount) = (counts.generation, counts.epoch, counts.classCount)
            parts = [:]
        }
        parts[worker] = counts.counts
        guard parts.count == ownerCount else { return nil }
        var sum = counts
        sum.counts = counts.counts.indices.map { index in parts.values.reduce(0) { $0 &+ $1[index] } }
        parts = [:]
        return sum
    }
}

extension ValidationMatrix {
    init(_ sum: ValidationCounts, classNames: [String]) {
        let count = sum.classCount
        self.init(
            epoch: Int(sum.epoch), classNames: Array(classNames.prefix(count)),
            counts: (0..<count).map { row in sum.counts[row * count..<(row + 1) * count].map { Int($0) } })
    }
}
