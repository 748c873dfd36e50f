package import KernelInterface
internal import Synchronization

extension NetworkPass {
    /// Forward and backward over the first `sampleCount` samples. Every thread calls it with the same arguments;
    /// parameters are the same for all before the first enters.
    ///
    /// Root r of the gradients (sums over samples in the order of `program`, not divided by the batch size) is written
    /// at `gradient + r · rootStride`; padding floats are left alone or set to zero. `program` covers exactly
    /// `0..<sampleCount`. `place` says where the samples stand in the training; nil is a whole first batch. Sums inside
    /// the pass go through `agreement`, which is nil for a pass over the whole batch. `bucketFinished` is called on thread 0 only, in the order of `model.buckets`, once all
    /// threads have written a bucket; while it runs, other threads compute on. When `train` returns, all threads are
    /// done.
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
        if thread == 0 { finishedUnits.store(0, ordering: .relaxed) }
        for index in units.indices where index % threads.count == thread { units[index].prepareStep(context) }
        forward(samples, context)

        var announced = BucketAnnouncer(pass: self)
        for index in units.indices.reversed() where index >= model.plan.firstTrainable {
            threads.threadBarrier.wait()
            if thread == 0 { announced.announce(bucketFinished) }
            if model.plan.units[index].isTrainable {
                timed(index, \.parameterGradientNanoseconds, thread) { units[index].parameterGradient(target, context) }
            }
            finishedUnits.wrappingAdd(1, ordering: .acquiringAndReleasing)
            if index == model.plan.firstTrainable { break }
            let blockSampleCount = units[index].inputGradientBlockFactor * capacity.blockSampleCount
            forEachBlock(of: samples, sampleCount: blockSampleCount) { block in
                if thread == 0 { announced.announce(bucketFinished) }
                timed(index, \.inputGradientNanoseconds, thread) {
                    units[index].inputGradient(block, context)
                    units[index - 1].maskOutputGradient(block, context)
                }
            }
        }
        threads.threadBarrier.wait()
        if thread == 0 { announced.announce(bucketFinished) }
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
}

/// Tells thread 0's caller of finished buckets, each once.
///
/// Between two barriers every thread finishes one unit, and none the next before all came to the barrier: so unit k
/// from the output is finished by all when the threads together have finished (k + 1)·threadCount units.
private struct BucketAnnouncer {
    private let pass: NetworkPass
    private var announcedUnits = 0

    init(pass: NetworkPass) {
        self.pass = pass
    }

    mutating func announce(_ bucketFinished: (Int) -> Void) {
        let finished = pass.finishedUnits.load(ordering: .acquiring) / pass.threads.count
        while announcedUnits < finished {
            let unit = pass.units.count - 1 - announcedUnits
            announcedUnits += 1
            if let bucket = pass.bucketEnds[unit] { bucketFinished(bucket) }
        }
    }
}
