internal import KernelInterface

/// A part of the model that runs forward and backward as one. All methods are called by all threads, each with its own
/// samples or its own share.
///
/// Forward overwrites the output. Backward starts from the gradient of the unit's output in `wiring.outputGradient` and
/// overwrites parameter gradients and the input gradient: nothing accumulates.
protocol ExecutionUnit: AnyObject, Sendable {
    /// Prepares what depends on the parameters alone, in training and evaluation; thread t prepares the units whose
    /// number leaves the remainder t. A barrier follows.
    func preparePass(_ context: ThreadContext)
    /// In training, after all threads' samples went through the units before: computes what depends on the whole batch.
    /// Called for synchronised units only; all threads return together.
    func synchronize(_ context: ThreadContext, _ training: TrainingContext)
    /// How many of the pass's sample blocks `forward` takes at a time. More than one only where no memory is sized by
    /// the block.
    var forwardBlockFactor: Int { get }
    func forward(_ block: SampleBlock, _ context: ThreadContext)
    /// Turns the gradient of the output into the gradient of the sums before the fused activation, in place, for these
    /// samples.
    func maskOutputGradient(_ samples: Range<Int>, _ context: ThreadContext)
    /// This thread's share of one part of the weight and bias gradients over all samples. Follows a barrier.
    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext)
    /// How many of the pass's sample blocks `inputGradient` takes at a time. More than one only where no memory is
    /// sized by the block.
    var inputGradientBlockFactor: Int { get }
    /// The gradient of the input for these samples.
    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext)
}

extension ExecutionUnit {
    var forwardBlockFactor: Int { 1 }
    var inputGradientBlockFactor: Int { 1 }
    func preparePass(_ context: ThreadContext) {}
    func synchronize(_ context: ThreadContext, _ training: TrainingContext) {}
    func maskOutputGradient(_ samples: Range<Int>, _ context: ThreadContext) {}
    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {}
    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {}
}

/// Consecutive samples that go through the units together.
struct SampleBlock {
    /// The first sample's number: where inputs, labels and results lie.
    let sample: Int
    /// The first sample's place in the activation buffers: the sample's number in training, a place that each block
    /// reuses in evaluation.
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
    /// Which part of the unit's gradients is computed, as an index of its `ParameterOffsets.parts`.
    private(set) var part = 0

    func part(_ part: Int) -> GradientTarget {
        var target = self
        target.part = part
        return target
    }
}

/// All that a plan needs to make its unit.
struct UnitSite {
    let inputs: [BufferView]
    let output: BufferView
    let capacity: PassCapacity
    let kernels: KernelTable
    /// Keys what the unit draws at random.
    let seed: UInt64
    /// Where the loss reads labels and leaves results.
    let results: PassResults

    /// The buffers around a unit with one input.
    var wiring: UnitWiring {
        precondition(inputs.count == 1, "the unit has one input")
        return UnitWiring(input: inputs[0], output: output)
    }
}

/// A buffer of the plan in memory, with one sample after another.
struct BufferView: @unchecked Sendable {
    // Sendable: plain addresses of memory that the pass owns.
    let values: UnsafeMutablePointer<Float>
    /// Nil where the pass keeps no gradient of the buffer.
    let gradient: UnsafeMutablePointer<Float>?
    /// Floats of one sample.
    let count: Int
    /// The network's input and the logits are found by sample number, activations by slot.
    let isKeptBySample: Bool

    @inline(__always)
    func values(of block: SampleBlock) -> UnsafeMutablePointer<Float> {
        values + (isKeptBySample ? block.sample : block.slot) * count
    }
}

/// The buffers around a unit with one input.
struct UnitWiring: @unchecked Sendable {
    // Sendable: plain addresses of memory that the pass owns.
    let input: UnsafePointer<Float>
    let inputCount: Int
    let output: UnsafeMutablePointer<Float>
    let outputCount: Int
    /// Points to no memory where the pass keeps no gradient of the output; the unit's backward pass is not called then.
    let outputGradient: UnsafeMutablePointer<Float>
    /// Nil where no gradient of the input is needed.
    let inputGradient: UnsafeMutablePointer<Float>?
    private let inputIsKeptBySample: Bool
    private let outputIsKeptBySample: Bool

    init(input: BufferView, output: BufferView) {
        self.input = UnsafePointer(input.values)
        inputCount = input.count
        inputIsKeptBySample = input.isKeptBySample
        self.output = output.values
        outputCount = output.count
        outputIsKeptBySample = output.isKeptBySample
        outputGradient = output.gradient ?? output.values
        inputGradient = input.gradient
    }

    @inline(__always)
    func input(of block: SampleBlock) -> UnsafePointer<Float> {
        input + (inputIsKeptBySample ? block.sample : block.slot) * inputCount
    }

    @inline(__always)
    func output(of block: SampleBlock) -> UnsafeMutablePointer<Float> {
        output + (outputIsKeptBySample ? block.sample : block.slot) * outputCount
    }
}

/// The part `index` of `parts` of `0..<count`, cut at multiples of `granule` (the last part takes the rest); parts may
/// be empty.
@inline(__always)
func evenSplit(_ count: Int, parts: Int, index: Int, granule: Int = 1) -> Range<Int> {
    let granules = (count + granule - 1) / granule
    let begin = min(granules * index / parts * granule, count)
    let end = min(granules * (index + 1) / parts * granule, count)
    return begin..<end
}
