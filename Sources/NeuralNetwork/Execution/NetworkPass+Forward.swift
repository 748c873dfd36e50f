extension NetworkPass {
    /// Losses, hits, predictions, probabilities and logits of the first `sampleCount` samples. Every thread calls it
    /// with the same arguments; when it returns, all threads' samples are done.
    package func evaluate(thread: Int, sampleCount: Int, parameters: UnsafePointer<Float>) {
        precondition((0...sampleCapacity).contains(sampleCount), "more samples than the pass has room for")
        let samples = sampleRange(thread: thread, sampleCount: sampleCount)
        forward(samples, context(thread: thread, parameters: parameters))
        threads.threadBarrier.wait()
    }

    /// Sends the samples through all units, one cache-sized block after another. In evaluation activations are not
    /// kept for a backward pass.
    func forward(_ samples: Range<Int>, _ context: ThreadContext) {
        for segment in model.plan.segments {
            if let training = context.training, model.plan.units[segment.lowerBound].isSynchronized {
                threads.threadBarrier.wait()
                units[segment.lowerBound].synchronize(context, training)
            }
            // Evaluation agrees on nothing: its one run of blocks goes through all segments.
            let range = context.training == nil ? units.indices : segment
            var begin = samples.lowerBound
            while begin < samples.upperBound {
                let count = min(capacity.blockSampleCount, samples.upperBound - begin)
                let block = SampleBlock(
                    sample: begin, slot: context.training == nil ? samples.lowerBound : begin, count: count)
                for index in range {
                    timed(index, \.forwardNanoseconds, context.thread) { units[index].forward(block, context) }
                }
                begin += count
            }
            if context.training == nil { return }
        }
    }
}
