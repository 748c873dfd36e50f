internal import KernelInterface

/// How threads share the weight gradient of a convolution: by weight rows or input channels where there are many, else
/// by micro-batches.
///
/// A share by micro-batches puts each leaf of the summation into its own buffer; then the program's merges run
/// over these, each thread on its part of the elements. Both give the bits of one call of the kernel over the whole
/// program.
final class ConvolutionGradientSplit: Sendable {
    /// What is shared where there is enough of it.
    enum Axis {
        case weightRows
        case inputChannels

        /// What a thread should have at least, so that its share is not lopsided and does not read all samples for
        /// little.
        fileprivate var countPerThread: Int { self == .weightRows ? 64 : 32 }
        /// Shares are cut at multiples of it.
        fileprivate var granule: Int { self == .weightRows ? 1 : 16 }
    }

    /// Most leaves of a share by micro-batches, each of which takes a buffer as large as the weight.
    private static let leafLimit = 64

    private let count: Int
    private let granule: Int
    /// Where the weight lies in the arena.
    private let weight: Int
    /// Floats from the weight's start to the bias's padded end, the same in a leaf as in the arena.
    private let leafStride: Int
    private let leaves: AlignedBuffer<Float>?

    init(_ plan: ConvolutionPlan, by axis: Axis, threadCount: Int) {
        count = axis == .weightRows ? plan.shape.weightRowCount : plan.shape.inputChannels
        granule = axis.granule
        weight = plan.weight
        leafStride = plan.bias - plan.weight + ParameterLayout.aligned(plan.shape.outputChannels)
        let sharesLeaves = threadCount > 1 && count < axis.countPerThread * threadCount
        leaves = sharesLeaves ? AlignedBuffer(count: Self.leafLimit * leafStride) : nil
    }

    /// Calls `compute` with this thread's rows or channels, program and target (at the weight's offset for root 0),
    /// then merges leaves if that was the way.
    @inline(__always)
    func run(
        _ target: GradientTarget, _ context: ThreadContext, _ compute: (Range<Int>, GradientTarget) -> Void
    ) {
        let stepCount = target.program.stepCount
        guard let leaves, stepCount > 1, stepCount <= Self.leafLimit else {
            let share = evenSplit(count, parts: context.threadCount, index: context.thread, granule: granule)
            if !share.isEmpty {
                compute(share, target.advanced(by: weight))
            }
            return
        }
        for index in evenSplit(stepCount, parts: context.threadCount, index: context.thread) {
            var step = target.program.steps[index]
            step.mergeCount = 0
            step.rootIndex = 0
            withUnsafePointer(to: step) { pointer in
                let leaf = GradientTarget(
                    program: SummationProgram(steps: pointer, stepCount: 1),
                    gradient: leaves.pointer + index * leafStride, rootStride: leafStride)
                compute(0..<count, leaf)
            }
        }
        context.barrier.wait()
        LeafSums(leaves.pointer, stride: leafStride).merge(
            target.program, roots: target.gradient + weight, rootStride: target.rootStride,
            part: evenSplit(
                leafStride, parts: context.threadCount, index: context.thread, granule: ParameterLayout.alignment))
    }
}

extension GradientTarget {
    fileprivate func advanced(by offset: Int) -> GradientTarget {
        GradientTarget(program: program, gradient: gradient + offset, rootStride: rootStride)
    }
}
