/// One leaf of a fixed summation tree, and where its sum goes.
///
/// Kernels that sum over samples run a list of these steps. For each step they sum the samples
/// `sampleBegin ..< sampleEnd` one after another from +0, then add `mergeCount` earlier sums, most recent first
/// (`earlier + current`), and then either keep the result on a stack (`rootIndex < 0`) or write it to root `rootIndex`.
/// Running the same steps in the same order gives the same bits on every instruction set and thread count.
@frozen
public struct SummationStep: Sendable, Equatable {
    /// The first sample of the micro-batch, as an index into the worker's run of samples.
    public var sampleBegin: Int32
    /// One past the last sample; never equal to `sampleBegin` (an empty micro-batch has no step).
    public var sampleEnd: Int32
    /// How many sums to take from the stack and add after this leaf.
    public var mergeCount: Int32
    /// The root that the result is written to, or -1 to push it on the stack.
    public var rootIndex: Int32

    @inlinable
    public init(sampleBegin: Int32, sampleEnd: Int32, mergeCount: Int32, rootIndex: Int32) {
        self.sampleBegin = sampleBegin
        self.sampleEnd = sampleEnd
        self.mergeCount = mergeCount
        self.rootIndex = rootIndex
    }
}

/// A borrowed list of summation steps. The memory belongs to the caller and outlives the kernel call.
@frozen
public struct SummationProgram {
    public var steps: UnsafePointer<SummationStep>
    public var stepCount: Int

    /// The deepest stack that a program may need: a tree over at most 1,024 micro-batches.
    public static var maximumStackDepth: Int { 12 }

    @inlinable
    public init(steps: UnsafePointer<SummationStep>, stepCount: Int) {
        self.steps = steps
        self.stepCount = stepCount
    }
}
