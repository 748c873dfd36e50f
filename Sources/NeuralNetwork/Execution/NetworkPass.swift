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

    /// Set to have training passes timed; changed only between passes.
    var profile: PassProfile?

    let threads: ComputeThreads
    let capacity: PassCapacity
    let units: [any ExecutionUnit]
    /// How often a thread finished a unit's parameter gradients in this step, over all threads.
    let finishedUnits = Atomic<Int>(0)
    /// The bucket that each unit's parameters are in, and whether the unit is the last of its bucket to finish.
    let bucketEnds: [Int?]
    private let buffers: PassBuffers
    private let scratch: AlignedBuffer<UInt8>

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
        inputs = buffers.inputs.pointer
        labels = buffers.labels.pointer
        sampleLosses = buffers.losses.pointer
        sampleCorrect = buffers.correct.pointer
        samplePredictions = buffers.predictions.pointer
        probabilities = buffers.probabilities.pointer
        logits = buffers.logits.pointer
        units = buffers.makeUnits(model, capacity: capacity, kernels: kernels, seed: seed)
        bucketEnds = Self.bucketEnds(of: model)
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

    func context(
        thread: Int, parameters: UnsafePointer<Float>, _ training: TrainingContext? = nil
    ) -> ThreadContext {
        ThreadContext(
            thread: thread, threadCount: threads.count,
            scratch: UnsafeMutableRawPointer(scratch.pointer + thread * KernelTable.scratchByteCount),
            parameters: parameters, barrier: threads.threadBarrier, training: training)
    }

    private static func bucketEnds(of model: Model) -> [Int?] {
        model.plan.units.indices.map { index in
            guard let bucket = model.plan.units[index].bucket else { return nil }
            let earlier = model.plan.units[..<index].contains { $0.bucket == bucket }
            return earlier ? nil : bucket
        }
    }
}
