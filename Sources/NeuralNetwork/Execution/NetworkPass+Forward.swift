extension NetworkPass {
    /// Losses, hits, predictions, probabilities and logits of the first `sampleCount` samples. Every thread calls it
    /// with the same arguments; when it returns, all threads' samples are done.
    public func evaluate(thread: Int, sampleCount: Int, parameters: UnsafePointer<Float>) {
        precondition((0...sampleCapacity).contains(sampleCount), "more samples than the pass has room for")
        let samples = sampleRange(thread: thread, sampleCount: sampleCount)
        forward(samples, reusingSlots: true, context(thread: thread, parameters: parameters))
        threads.threadBarrier.wait()
    }

    /// Sends the samples through all units, one cache-sized block after another. `reusingSlots`: activations are not
    /// kept for a backward pass.
    func forward(_ samples: Range<Int>, reusingSlots: Bool, _ context: ThreadContext) {
        for segment in model.plan.segments {
            var begin = samples.lowerBound
            while begin < samples.upperBound {
                let count = min(capacity.blockSampleCount, samples.upperBound - begin)
                let block = SampleBlock(
                    sample: begin, slot: reusingSlots ? samples.lowerBound : begin, count: count)
                for index in segment {
                    timed(index, \.forwardNanoseconds, context.thread) { units[index].forward(block, context) }
                }
                begin += count
            }
        }
    }
}
