import Collectives
import Datasets
import Experiments
import KernelInterface
import NeuralNetwork

/// A worker's own computation in a round: its run of micro-batches through the network, on its compute threads.
///
/// Memory is taken at the start and when the run changes; a round allocates nothing.
final class StepComputer {
    let microBatchCount: Int
    let model: Model
    let dataset: ImageDataset
    let kernels: KernelTable
    let threads: ComputeThreads
    let pass: NetworkPass
    /// Samples that the pass has memory for: no run can have more in a batch.
    let sampleCapacity: Int
    private(set) var run: Range<Int> = 0..<0
    /// One program a batch size: the common one, and the smaller last batch's.
    private var programs: [SampleProgram] = []

    init(experiment: Experiment, model: Model, dataset: ImageDataset, kernels: KernelTable, threadCount: Int) {
        microBatchCount = experiment.microBatchCount
        self.model = model
        self.dataset = dataset
        self.kernels = kernels
        threads = ComputeThreads(count: threadCount)
        sampleCapacity = experiment.batchSize
        pass = NetworkPass(model: model, kernels: kernels, sampleCapacity: sampleCapacity, threads: threads)
    }

    /// Takes over a run of consecutive micro-batches.
    func own(_ run: Range<Int>) {
        self.run = run
        programs.removeAll()
    }

    /// Forward and backward of the own micro-batches of one batch.
    ///
    /// `batch` is a range of positions in `samples`, the epoch's order as indices into the data set. Root r of the gradient sum is
    /// written at `gradientRoots` + r · `arenaCount`; of `statistics` the own micro-batches' entries are set; `exchange` is told of
    /// each bucket as soon as it is finished.
    func computeGradients(
        samples: [Int32], batch: Range<Int>, parameters: UnsafePointer<Float>,
        gradientRoots: UnsafeMutablePointer<Float>,
        statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>, exchange: any GradientExchange
    ) {
        let plan = program(batchSize: batch.count)
        let own = batch.lowerBound + plan.samples.lowerBound..<batch.lowerBound + plan.samples.upperBound
        guard !own.isEmpty else {
            for bucket in model.buckets.indices { exchange.bucketFinished(bucket) }
            return
        }
        let program = plan.program
        threads.run { thread in
            load(samples, own, thread: thread)
            threads.barrier(thread: thread)
            pass.train(
                thread: thread, sampleCount: own.count, parameters: parameters, program: program,
                gradient: gradientRoots, rootStride: model.arenaCount,
                bucketFinished: { exchange.bucketFinished($0) })
        }
        let pieces = MicroBatches(sampleCount: batch.count, count: microBatchCount)
        for index in run {
            var sums = MicroBatchStatistics()
            let piece = pieces[index]
            addSums(
                of: piece.lowerBound - plan.samples.lowerBound..<piece.upperBound - plan.samples.lowerBound, to: &sums)
            statistics[index] = sums
        }
    }

    /// Losses and counts of the own pieces of a set of samples, cut into pieces like a batch; no gradients.
    ///
    /// Within a piece losses are added sample after sample, however many samples are evaluated at a time.
    func computeStatistics(
        samples: [Int32], parameters: UnsafePointer<Float>,
        statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) {
        let pieces = MicroBatches(sampleCount: samples.count, count: microBatchCount)
        for index in run {
            var sums = MicroBatchStatistics()
            forEachBlock(of: pieces[index]) { block in
                evaluate(samples, block, parameters: parameters)
                addSums(of: 0..<block.count, to: &sums)
            }
            statistics[index] = sums
        }
    }

    /// Loads a block of samples and runs it forward; the pass then holds losses, hits and probabilities.
    func evaluate(_ samples: [Int32], _ block: Range<Int>, parameters: UnsafePointer<Float>) {
        threads.run { thread in
            load(samples, block, thread: thread)
            threads.barrier(thread: thread)
            pass.evaluate(thread: thread, sampleCount: block.count, parameters: parameters)
        }
    }

    /// Calls `body` with ranges of at most `sampleCapacity` positions, in order.
    func forEachBlock(of positions: Range<Int>, _ body: (Range<Int>) -> Void) {
        var begin = positions.lowerBound
        while begin < positions.upperBound {
            let end = min(begin + sampleCapacity, positions.upperBound)
            body(begin..<end)
            begin = end
        }
    }

    private func program(batchSize: Int) -> SampleProgram {
        if let known = programs.first(where: { $0.batchSize == batchSize }) { return known }
        let new = SampleProgram(run: run, microBatchCount: microBatchCount, batchSize: batchSize)
        programs.append(new)
        return new
    }

    /// Scales this thread's share of the samples into the pass's input memory.
    private func load(_ samples: [Int32], _ positions: Range<Int>, thread: Int) {
        let count = positions.count
        let elementCount = model.inputElementCount
        dataset.pixels.withUnsafeBufferPointer { pixels in
            for local in thread * count / threads.count..<(thread + 1) * count / threads.count {
                let sample = Int(samples[positions.lowerBound + local])
                guard let bytes = pixels.baseAddress else { preconditionFailure("a data set has pixels") }
                kernels.scaleBytes(
                    elementCount, bytes + sample * elementCount, pass.inputs + local * elementCount)
                pass.labels[local] = dataset.labels[sample]
            }
        }
    }

    private func addSums(of localSamples: Range<Int>, to sums: inout MicroBatchStatistics) {
        for sample in localSamples {
            sums.lossSum += Double(pass.sampleLosses[sample])
            sums.correctCount += Int(pass.sampleCorrect[sample])
        }
        sums.sampleCount += localSamples.count
    }
}
