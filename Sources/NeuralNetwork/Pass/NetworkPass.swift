package import KernelInterface
internal import Synchronization

/// One worker's memory for forward and backward over up to `sampleCapacity` samples. Nothing is allocated after `init`.
///
/// All threads of `threads` call `train` and `evaluate` together, with the same arguments, inside `ComputeThreads.run`.
/// Each fills the inputs and labels of its own samples, `sampleRange(thread:sampleCount:)`, before; no barrier is
/// needed between. Thread count and block size never change a bit.
package final class NetworkPass: @unchecked Sendable {
    // Sendable: threads write disjoint samples and elements, with barriers where one reads what another wrote.

    package let model: Model
    package let sampleCapacity: Int
    /// `[sampleCapacity, height, width, channels]`, filled by the caller.
    package let inputs: UnsafeMutablePointer<Float>
    /// `[sampleCapacity]`, each below `model.classCount`, filled by the caller.
    package let labels: UnsafeMutablePointer<UInt8>
    /// After a pass, each sample's loss.
    package let sampleLosses: UnsafeMutablePointer<Float>
    /// After a pass, 1 where the prediction is the label, else 0.
    package let sampleCorrect: UnsafeMutablePointer<UInt8>
    /// After a pass, each sample's class with the first largest output.
    package let samplePredictions: UnsafeMutablePointer<UInt8>
    /// After a pass, `[sampleCapacity, classCount]`, the rows summing to one.
    package let probabilities: UnsafeMutablePointer<Float>
    /// After a pass, `[sampleCapacity, classCount]`: the last layer's sums.
    package let logits: UnsafeMutablePointer<Float>

    let threads: ComputeThreads
    private let capacity: PassCapacity
    private let units: [any ExecutionUnit]
    private let buffers: PassBuffers
    private let scratch: AlignedBuffer<UInt8>
    /// Set to have training passes timed; changed only between passes.
    private var profile: PassProfile?
    /// How often a thread finished a step of the backward pass, over all threads.
    fileprivate let finishedSteps = Atomic<Int>(0)

    fileprivate var threadCount: Int { threads.count }

    /// `seed` keys what the pass draws at random; `blockSampleCount` is how many samples go through the layers
    /// together, nil chooses by the model's sizes.
    package init(
        model: Model, kernels: KernelTable, sampleCapacity: Int, threads: ComputeThreads, seed: UInt64 = 1,
        blockSampleCount: Int? = nil
    ) {
        precondition(sampleCapacity >= 1 && blockSampleCount ?? 1 >= 1, "a pass has room for at least one sample")
        self.model = model
        self.sampleCapacity = sampleCapacity
        self.threads = threads
        capacity = PassCapacity(
            sampleCount: sampleCapacity, threadCount: threads.count,
            blockSampleCount: blockSampleCount ?? PassCapacity.blockSampleCount(of: model.plan))
        buffers = PassBuffers(model, sampleCapacity: sampleCapacity)
        scratch = AlignedBuffer(count: threads.count * KernelTable.scratchByteCount)
        let results = buffers.results
        inputs = results.inputs
        labels = results.labels
        sampleLosses = results.losses
        sampleCorrect = results.correct
        samplePredictions = results.predictions
        probabilities = results.probabilities
        logits = results.logits
        units = buffers.makeUnits(model.plan, capacity: capacity, kernels: kernels, seed: seed)
    }

    /// The samples that this thread computes in a pass over `sampleCount`.
    package func sampleRange(thread: Int, sampleCount: Int) -> Range<Int> {
        evenSplit(sampleCount, parts: threads.count, index: thread)
    }

    /// Begins to time training passes.
    package func startProfile() -> PassProfile {
        let profile = PassProfile(model.plan)
        self.profile = profile
        return profile
    }

    /// Losses, hits, predictions, probabilities and logits of the first `sampleCount` samples. Every thread calls it
    /// with the same arguments; when it returns, all threads' samples are done.
    package func evaluate(thread: Int, sampleCount: Int, parameters: UnsafePointer<Float>) {
        precondition((0...sampleCapacity).contains(sampleCount), "more samples than the pass has room for")
        let samples = sampleRange(thread: thread, sampleCount: sampleCount)
        let context = context(thread: thread, parameters: parameters, nil)
        prepare(context)
        forward(samples, context)
        threads.threadBarrier.wait()
    }

    /// Forward and backward over the first `sampleCount` samples. Every thread calls it with the same arguments;
    /// parameters are the same for all before the first enters.
    ///
    /// Root r of the gradients (sums over samples in the order of `program`, not divided by the batch size) is written
    /// at `gradient + r · rootStride`; padding floats are left alone or set to zero, and so are frozen tensors.
    /// `program` covers exactly `0..<sampleCount`. `place` is the samples' place in the training; nil is a whole first
    /// batch. Sums inside the pass go through `agreement`, which is nil for a pass over the whole batch.
    /// `bucketFinished` is called on thread 0 only, in the order of `model.buckets`, once all threads have written a
    /// bucket; while it runs, other threads compute on. When `train` returns, all threads are done.
    package func train(
        thread: Int, sampleCount: Int, parameters: UnsafePointer<Float>, program: SummationProgram,
        gradient: UnsafeMutablePointer<Float>, rootStride: Int, place: BatchPlace? = nil,
        agreement: (any SumAgreement)? = nil, bucketFinished: (Int) -> Void
    ) {
        precondition((0...sampleCapacity).contains(sampleCount), "more samples than the pass has room for")
        let target = GradientTarget(program: program, gradient: gradient, rootStride: rootStride)
        let training = TrainingContext(
            target: target, batch: place ?? BatchPlace(step: 0, firstPosition: 0, batchSize: sampleCount),
            agreement: agreement)
        let context = context(thread: thread, parameters: parameters, training)
        let samples = sampleRange(thread: thread, sampleCount: sampleCount)
        if thread == 0 { finishedSteps.store(0, ordering: .relaxed) }
        prepare(context)
        forward(samples, context)

        var announcer = BucketAnnouncer(pass: self)
        for step in model.plan.backward {
            let unit = units[step.node]
            threads.threadBarrier.wait()
            if thread == 0 { announcer.announce(bucketFinished) }
            if step.isTrainable {
                timed(step.node, \.parameterGradientNanoseconds, thread) {
                    unit.parameterGradient(target.part(step.part), context)
                }
            }
            finishedSteps.wrappingAdd(1, ordering: .acquiringAndReleasing)
            if step.producers.isEmpty { continue }
            let blockSampleCount = unit.inputGradientBlockFactor * capacity.blockSampleCount
            forEachBlock(of: samples, sampleCount: blockSampleCount) { block in
                if thread == 0 { announcer.announce(bucketFinished) }
                timed(step.node, \.inputGradientNanoseconds, thread) {
                    unit.inputGradient(block, context)
                    for producer in step.producers { units[producer].maskOutputGradient(block, context) }
                }
            }
        }
        threads.threadBarrier.wait()
        if thread == 0 { announcer.announce(bucketFinished) }
    }

    /// Prepares the units for these parameters; when it returns, all threads' units are ready.
    private func prepare(_ context: ThreadContext) {
        for index in units.indices where index % threads.count == context.thread { units[index].preparePass(context) }
        threads.threadBarrier.wait()
    }

    /// Sends the samples through all units, one cache-sized block after another. In evaluation activations are not
    /// kept for a backward pass.
    private func forward(_ samples: Range<Int>, _ context: ThreadContext) {
        for segment in model.plan.segments {
            if let training = context.training, model.plan.nodes[segment.lowerBound].isSynchronized {
                threads.threadBarrier.wait()
                units[segment.lowerBound].synchronize(context, training)
            }
            // Evaluation agrees on nothing: its one run of blocks goes through all segments.
            forward(samples, through: context.training == nil ? units.indices : segment, context)
            if context.training == nil { return }
        }
    }

    /// Sends the samples through some units. Neighbours that take equally large blocks run together.
    private func forward(_ samples: Range<Int>, through units: Range<Int>, _ context: ThreadContext) {
        let largestFactor = units.reduce(1) { max($0, self.units[$1].forwardBlockFactor) }
        forEachBlock(of: samples, sampleCount: largestFactor * capacity.blockSampleCount) { largeBlock in
            let slotOffset = context.training == nil ? samples.lowerBound - largeBlock.lowerBound : 0
            var first = units.lowerBound
            while first < units.upperBound {
                let factor = self.units[first].forwardBlockFactor
                var end = first + 1
                while end < units.upperBound, self.units[end].forwardBlockFactor == factor { end += 1 }
                forEachBlock(of: largeBlock, sampleCount: factor * capacity.blockSampleCount) { samplesOfBlock in
                    let begin = samplesOfBlock.lowerBound
                    let block = SampleBlock(sample: begin, slot: begin + slotOffset, count: samplesOfBlock.count)
                    for index in first..<end {
                        timed(index, \.forwardNanoseconds, context.thread) { self.units[index].forward(block, context) }
                    }
                }
                first = end
            }
        }
    }

    private func context(
        thread: Int, parameters: UnsafePointer<Float>, _ training: TrainingContext?
    ) -> ThreadContext {
        ThreadContext(
            thread: thread, threadCount: threads.count,
            scratch: UnsafeMutableRawPointer(scratch.pointer + thread * KernelTable.scratchByteCount),
            parameters: parameters, barrier: threads.threadBarrier, training: training)
    }

    @inline(__always)
    private func forEachBlock(of samples: Range<Int>, sampleCount: Int, _ body: (Range<Int>) -> Void) {
        var begin = samples.lowerBound
        while begin < samples.upperBound {
            let end = min(begin + sampleCount, samples.upperBound)
            body(begin..<end)
            begin = end
        }
    }

    /// Runs a part of a unit, and adds its time to `part` if this is thread 0 and the pass is timed.
    @inline(__always)
    private func timed(
        _ unit: Int, _ part: WritableKeyPath<PassProfile.Unit, Int64>, _ thread: Int, _ body: () -> Void
    ) {
        guard let profile, thread == 0 else { return body() }
        profile.time(unit, part, body)
    }
}

/// The place of a pass's samples in the training: the key of everything random, and the divisor of means.
package struct BatchPlace: Sendable {
    /// The training step, from 0.
    package var step: Int
    /// The first sample's position in the global batch.
    package var firstPosition: Int
    /// Samples of the global batch.
    package var batchSize: Int

    package init(step: Int, firstPosition: Int, batchSize: Int) {
        self.step = step
        self.firstPosition = firstPosition
        self.batchSize = batchSize
    }
}

/// How workers agree on sums in the middle of a pass.
package protocol SumAgreement: AnyObject {
    /// Adds `count` floats over the micro-batches of all workers by the fixed tree. This worker's root r is at
    /// `roots + r · rootStride`; a worker without samples has none. All workers call it equally often in a step, in the
    /// same order.
    /// - Returns: the sums, valid until the next call; nil when the exchange failed, which its owner then reports.
    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>?
}

/// Reports finished buckets to thread 0's caller, each once.
///
/// Between two barriers every thread finishes one step, and none the next before all reached the barrier: so the first
/// k steps of the backward pass are finished by all when the threads together have finished k·threadCount.
private struct BucketAnnouncer {
    private let pass: NetworkPass
    private var announcedSteps = 0

    init(pass: NetworkPass) {
        self.pass = pass
    }

    mutating func announce(_ bucketFinished: (Int) -> Void) {
        let finished = pass.finishedSteps.load(ordering: .acquiring) / pass.threadCount
        while announcedSteps < finished {
            let step = pass.model.plan.backward[announcedSteps]
            announcedSteps += 1
            if let bucket = step.finishedBucket { bucketFinished(bucket) }
        }
    }
}
