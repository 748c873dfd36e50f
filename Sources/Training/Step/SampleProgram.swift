import Collectives
import KernelInterface

/// A worker's summation steps for one batch size, in memory that kernels can read.
final class SampleProgram {
    let batchSize: Int
    /// The worker's samples, as positions in the batch.
    let samples: Range<Int>
    private let steps: UnsafeMutableBufferPointer<SummationStep>

    init(run: Range<Int>, microBatchCount: Int, batchSize: Int) {
        self.batchSize = batchSize
        let local = LocalProgram(run: run, of: MicroBatches(sampleCount: batchSize, count: microBatchCount))
        samples = local.samples
        steps = .allocate(capacity: local.steps.count)
        _ = steps.initialize(
            from: local.steps.map {
                SummationStep(
                    sampleBegin: $0.sampleBegin, sampleEnd: $0.sampleEnd, mergeCount: $0.mergeCount,
                    rootIndex: $0.rootIndex)
            })
    }

    deinit {
        steps.deallocate()
    }

    /// The program for a kernel call. Precondition: the worker has samples in this batch.
    var program: SummationProgram {
        guard let base = steps.baseAddress else { preconditionFailure("a batch without own samples has no program") }
        return SummationProgram(steps: UnsafePointer(base), stepCount: steps.count)
    }
}
