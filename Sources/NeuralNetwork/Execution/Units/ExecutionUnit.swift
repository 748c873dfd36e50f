internal import KernelInterface

/// A part of the model that runs forward and backward as one. All methods are called by all threads, each with its own
/// samples or its own share.
///
/// Forward overwrites the output. Backward starts from the gradient of the unit's output in `wiring.outputGradient` and
/// overwrites parameter gradients and the input gradient: nothing accumulates.
protocol ExecutionUnit: AnyObject, Sendable {
    /// What depends on the parameters alone; thread t prepares the units whose number leaves the remainder t.
    func prepareStep(_ context: ThreadContext)
    /// In training, after all threads' samples went through the units before: what must be known of the whole batch.
    /// Only units that begin a segment are asked; all threads come back together.
    func synchronize(_ context: ThreadContext, _ training: TrainingContext)
    func forward(_ block: SampleBlock, _ context: ThreadContext)
    /// Turns the gradient of the output into the gradient of the sums before the activation, in place, for these
    /// samples.
    func maskOutputGradient(_ samples: Range<Int>, _ context: ThreadContext)
    /// This thread's share of the weight and bias gradients over all samples. Comes after a barrier.
    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext)
    /// How many of the pass's sample blocks `inputGradient` takes at a time. More than one only where no memory is sized by the block.
    var inputGradientBlockFactor: Int { get }
    /// The gradient of the input for these samples.
    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext)
}

extension ExecutionUnit {
    var inputGradientBlockFactor: Int { 1 }
    func prepareStep(_ context: ThreadContext) {}
    func synchronize(_ context: ThreadContext, _ training: TrainingContext) {}
    func maskOutputGradient(_ samples: Range<Int>, _ context: ThreadContext) {}
    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {}
}

/// Consecutive samples that go through the units together.
struct SampleBlock {
    /// The first sample's number: where inputs, labels and results lie.
    let sample: Int
    /// The first sample's place in the activation buffers: the sample's number in training, a place that is used again
    /// and again in evaluation.
    let slot: Int
    let count: Int
}

/// What a thread brings into each call.
struct ThreadContext {
    let thread: Int
    let threadCount: Int
    let scratch: KernelTable.Scratch
    let parameters: UnsafePointer<Float>
    let barrier: ThreadBarrier
    /// Nil in evaluation.
    let training: TrainingContext?
}

/// What is the same for all threads in a training pass.
struct TrainingContext {
    let target: GradientTarget
    let batch: BatchPlace
    /// Nil where this pass covers the whole batch.
    let agreement: (any SumAgreement)?

    /// The sum over all workers' micro-batches of `count` floats, from this worker's roots; nil when it failed. Called
    /// on thread 0 only.
    func agree(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        guard let agreement else { return UnsafePointer(roots) }
        return agreement.sum(roots: roots, rootStride: rootStride, count: count)
    }
}

/// Where parameter gradients go: root r of a tensor is at `gradient + r · rootStride + its arena offset`.
struct GradientTarget {
    let program: SummationProgram
    let gradient: UnsafeMutablePointer<Float>
    let rootStride: Int
}

/// The buffers around a unit, each with one sample after another.
struct UnitWiring: @unchecked Sendable {
    // Sendable: plain addresses of memory that the pass owns.
    let input: UnsafePointer<Float>
    let inputCount: Int
    /// The network's own input is found by sample number, activations by slot.
    let readsNetworkInput: Bool
    let output: UnsafeMutablePointer<Float>
    let outputCount: Int
    let outputGradient: UnsafeMutablePointer<Float>
    /// Nil for the first unit: nobody needs the gradient of the data.
    let inputGradient: UnsafeMutablePointer<Float>?

    @inline(__always)
    func input(of block: SampleBlock) -> UnsafePointer<Float> {
        input + (readsNetworkInput ? block.sample : block.slot) * inputCount
    }
}
