import Collectives
import Core
import Datasets
import Experiments
import KernelInterface
import NeuralNetwork

/// A worker's own computation in a round: its run of micro-batches through the network, on its compute threads.
///
/// Memory is allocated at the start and when the run changes; a step allocates nothing.
final class StepComputer {
    let model: Model
    let pass: NetworkPass
    private let kernels: KernelTable
    private let microBatchCount: Int
    private let threads: ComputeThreads
    private let gradientJob: GradientJob
    private let evaluationJob: EvaluationJob
    private let parameterUpdate: ParameterUpdate
    private let updateJob: UpdateJob
    private(set) var run: Range<Int> = 0..<0
    /// One program a batch size: the common one, and the smaller last batch's.
    private var programs: [SampleProgram] = []

    /// Throws `DatasetError` when the data do not fit the model, `ArithmeticModeError` when floating point does not
    /// round as IEEE 754 does by default.
    init(
        experiment: Experiment, model: Model, dataset: ImageDataset, kernels: KernelTable, threadCount: Int
    ) throws {
        try dataset.check(fits: model)
        microBatchCount = experiment.microBatchCount
        self.model = model
        self.kernels = kernels
        threads = try ComputeThreads(count: threadCount)
        pass = NetworkPass(
            model: model, kernels: kernels,
            sampleCapacity: experiment.sampleCapacity(sampleCount: dataset.sampleCount), threads: threads,
            seed: experiment.seed)
        let loader = SampleLoader(
            dataset: dataset, kernels: kernels, pass: pass, threads: threads,
            augmentation: BatchAugmentation(experiment, threadCount: threadCount))
        gradientJob = GradientJob(loader)
        evaluationJob = EvaluationJob(loader)
        parameterUpdate = ParameterUpdate(model, optimizer: Optimizer(experiment.optimizer))
        updateJob = UpdateJob(kernels: kernels, update: parameterUpdate, threadCount: threadCount)
    }

    /// Makes this computer responsible for a run of consecutive micro-batches, in batches of these sizes.
    func own(_ run: Range<Int>, batchSizes: [Int] = []) {
        self.run = run
        programs = Set(batchSizes).map { size in
            SampleProgram(run: run, microBatchCount: microBatchCount, batchSize: size)
        }
    }

    /// Forward and backward of the own micro-batches of one batch.
    ///
    /// `batch` is a range of positions in `samples`, the epoch's order as indices into the data set; `step` counts the
    /// training's steps before this one. Writes the sums to `roots` and the own micro-batches' entries of `statistics`,
    /// and reports each bucket to `exchange` as soon as it is finished.
    func computeGradients(
        samples: [Int32], batch: Range<Int>, step: Int, parameters: UnsafePointer<Float>, roots: GradientRoots,
        statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>, exchange: any GradientExchange
    ) {
        let plan = program(batchSize: batch.count)
        let own = batch.lowerBound + plan.samples.lowerBound..<batch.lowerBound + plan.samples.upperBound
        if own.isEmpty {
            takePartWithoutSamples(in: exchange, roots)
            for bucket in model.buckets.indices { exchange.bucketFinished(bucket) }
        } else {
            gradientJob.arguments = GradientJob.Arguments(
                samples: samples, positions: own,
                place: BatchPlace(step: step, firstPosition: plan.samples.lowerBound, batchSize: batch.count),
                parameters: parameters, program: plan.program, roots: roots, exchange: exchange)
            threads.run(gradientJob)
        }
        let pieces = MicroBatches(sampleCount: batch.count, count: microBatchCount)
        for index in run {
            var sums = MicroBatchStatistics()
            let piece = pieces[index]
            let begin = plan.samples.lowerBound
            add(piece.lowerBound - begin..<piece.upperBound - begin, to: &sums)
            statistics[index] = sums
        }
    }

    /// All workers take part in the sums inside a pass, also those whose micro-batches are empty.
    private func takePartWithoutSamples(in exchange: any GradientExchange, _ roots: GradientRoots) {
        for count in model.agreedSumCounts {
            _ = exchange.sum(roots: roots.floats, rootStride: roots.stride, count: count)
        }
    }

    /// Losses and counts of the own pieces of a set of samples, cut into pieces like a batch; no gradients.
    ///
    /// Within a piece losses are added sample after sample, for any number of samples evaluated at once.
    /// Calls `afterBlock` in the order of the samples, while the pass holds a block's results.
    func computeStatistics(
        samples: [Int32], parameters: UnsafePointer<Float>,
        statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>,
        afterBlock: (_ sampleCount: Int) -> Void = { _ in }
    ) {
        let pieces = MicroBatches(sampleCount: samples.count, count: microBatchCount)
        for index in run {
            var sums = MicroBatchStatistics()
            forEachBlock(of: pieces[index]) { block in
                evaluate(samples, block, parameters: parameters)
                add(0..<block.count, to: &sums)
                afterBlock(block.count)
            }
            statistics[index] = sums
        }
    }

    /// Runs a block of at most `pass.sampleCapacity` samples forward; then the pass holds losses, correctness and
    /// probabilities.
    func evaluate(_ samples: [Int32], _ block: Range<Int>, parameters: UnsafePointer<Float>) {
        evaluationJob.arguments = EvaluationJob.Arguments(
            samples: samples, positions: block, parameters: parameters)
        threads.run(evaluationJob)
    }

    /// Calls `body` with ranges of at most `pass.sampleCapacity` positions, in order.
    func forEachBlock(of positions: Range<Int>, _ body: (Range<Int>) -> Void) {
        var begin = positions.lowerBound
        while begin < positions.upperBound {
            let end = min(begin + pass.sampleCapacity, positions.upperBound)
            body(begin..<end)
            begin = end
        }
    }

    /// Applies the optimizer to a part of a state that workers share, or to the whole state in place. `step` counts from
    /// 1.
    func update(
        _ state: ReplicatedState, _ shared: SharedUpdate, gradientSum: UnsafePointer<Float>, batchSize: Int, step: Int,
        learningRate: Float
    ) {
        let clipFactor = parameterUpdate.clipFactor(
            kernels: kernels, parameters: state.parameters.pointer, gradientSum: gradientSum, batchSize: batchSize)
        updateJob.arguments = UpdateJob.Arguments(
            parts: shared.parts, source: state.arenas, target: shared.target, isTargetNew: shared.isTargetNew,
            gradientSum: gradientSum,
            step: Optimizer.Step(
                number: step, batchSize: batchSize, learningRate: learningRate, clipFactor: clipFactor))
        threads.run(updateJob)
    }

    /// The regularizers' part of the loss of one sample.
    func penalty(_ state: ReplicatedState) -> Double {
        parameterUpdate.penalty(kernels: kernels, parameters: state.parameters.pointer)
    }

    /// Whether every float in these parts of the summed gradient is finite.
    func isFinite(_ gradientSum: UnsafePointer<Float>, _ parts: [Range<Int>]) -> Bool {
        parts.allSatisfy { kernels.allFinite($0.count, gradientSum + $0.lowerBound) }
    }

    func checksum(_ gradientSum: UnsafePointer<Float>) -> UInt32 {
        CRC32C.checksum(UnsafeRawBufferPointer(start: gradientSum, count: model.arenaCount * 4))
    }

    private func program(batchSize: Int) -> SampleProgram {
        if let known = programs.first(where: { $0.batchSize == batchSize }) { return known }
        let new = SampleProgram(run: run, microBatchCount: microBatchCount, batchSize: batchSize)
        programs.append(new)
        return new
    }

    private func add(_ localSamples: Range<Int>, to sums: inout MicroBatchStatistics) {
        for sample in localSamples {
            sums.lossSum += Double(pass.sampleLosses[sample])
            sums.correctCount += Int(pass.sampleCorrect[sample])
        }
        sums.sampleCount += localSamples.count
    }
}

/// The summation steps of a worker's run for one batch size, in memory that kernels can read.
private final class SampleProgram {
    let batchSize: Int
    /// The worker's samples, as positions in the batch.
    let samples: Range<Int>
    private let steps: UnsafeMutableBufferPointer<SummationStep>

    init(run: Range<Int>, microBatchCount: Int, batchSize: Int) {
        self.batchSize = batchSize
        let local = LocalProgram(run: run, of: MicroBatches(sampleCount: batchSize, count: microBatchCount))
        samples = local.samples
        steps = .allocate(capacity: local.steps.count)
        _ = steps.initialize(from: local.steps)
    }

    deinit {
        steps.deallocate()
    }

    /// The program for a kernel call.
    ///
    /// - Precondition: the worker has samples in this batch.
    var program: SummationProgram {
        guard let base = steps.baseAddress else { preconditionFailure("a batch without own samples has no program") }
        return SummationProgram(steps: UnsafePointer(base), stepCount: steps.count)
    }
}
