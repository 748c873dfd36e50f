/// A run of consecutive micro-batches of each global batch.
package struct MicroBatchRun: Hashable, Sendable {
    package var first: Int
    package var count: Int

    package init(first: Int, count: Int) {
        self.first = first
        self.count = count
    }

    /// Runs with which the slowest worker is done as early as can be, at least one micro-batch each. `times` is what a
    /// micro-batch takes each worker, in any unit.
    ///
    /// One after the other goes to whoever is done with it first (among equals the lower rank), which is optimal for pieces of
    /// one size.
    package static func fastest(microBatchCount: Int, times: [Double]) -> [MicroBatchRun] {
        precondition(!times.isEmpty && times.count <= microBatchCount, "each worker needs a micro-batch")
        precondition(times.allSatisfy { $0 > 0 && $0.isFinite }, "times are positive numbers")
        var counts = Array(repeating: 1, count: times.count)
        for _ in times.count..<microBatchCount {
            let ends = times.indices.map { Double(counts[$0] + 1) * times[$0] }
            let next = times.indices.min { ends[$0] < ends[$1] } ?? 0
            counts[next] += 1
        }
        var first = 0
        return counts.map { count in
            defer { first += count }
            return MicroBatchRun(first: first, count: count)
        }
    }

    /// Micro-batch runs as equal as whole numbers allow: worker r of W owns [r·M/W, (r+1)·M/W).
    package static func balanced(microBatchCount: Int, workerCount: Int) -> [MicroBatchRun] {
        precondition(workerCount > 0 && workerCount <= microBatchCount, "each worker needs a micro-batch")
        return (0..<workerCount).map { rank in
            let first = rank * microBatchCount / workerCount
            return MicroBatchRun(first: first, count: (rank + 1) * microBatchCount / workerCount - first)
        }
    }
}
