/// The fixed pieces of one batch: micro-batch `i` of a batch of `B` samples covers `[i·B/M, (i+1)·B/M)` in whole
/// numbers.
///
/// The boundaries depend on `B` and `M` only, so they are the same for any number of workers. With `B < M` some
/// micro-batches are empty; they are skipped in every sum, never added as zero.
package struct MicroBatches: Sendable, Hashable {
    /// `B`, the samples in the batch.
    package let sampleCount: Int
    /// `M`, the micro-batches of the experiment.
    package let count: Int

    /// - Precondition: `sampleCount` is from 0 to 2^31 - 1 and `count` is a supported leaf count of `ReductionTree`.
    package init(sampleCount: Int, count: Int) {
        precondition((0...Int(Int32.max)).contains(sampleCount), "a batch has from 0 to 2^31 - 1 samples")
        precondition(
            ReductionTree.supports(leafCount: count), "the number of micro-batches is a power of two up to 1024")
        self.sampleCount = sampleCount
        self.count = count
    }

    /// The first sample of micro-batch `index`; `index == count` gives the end of the batch.
    package func begin(of index: Int) -> Int {
        precondition((0...count).contains(index), "a micro-batch index lies in 0 ... count")
        return index * sampleCount / count
    }

    /// The samples of micro-batch `index`, as positions in the batch.
    package subscript(index: Int) -> Range<Int> {
        begin(of: index)..<begin(of: index + 1)
    }

    /// The samples of a run of consecutive micro-batches, as positions in the batch.
    package func samples(of run: Range<Int>) -> Range<Int> {
        begin(of: run.lowerBound)..<begin(of: run.upperBound)
    }

    /// The number of micro-batches that have samples. Batches with equal numbers have the same empty micro-batches.
    package var occupiedCount: Int { min(sampleCount, count) }
}
