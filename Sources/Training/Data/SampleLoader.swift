import Datasets
import KernelInterface
import NeuralNetwork

/// Loads samples into a pass's memory; threads share the samples as the pass does.
struct SampleLoader {
    let dataset: ImageDataset
    let kernels: KernelTable
    let pass: NetworkPass
    let threads: ComputeThreads
    /// How training samples are varied; nil for not at all.
    let augmentation: BatchAugmentation?

    /// Loads this thread's share of a training step. What is drawn for a sample depends on `step` (the training's steps
    /// before this one) and on its place in the global batch, where the first sample has `firstPosition`.
    func load(_ samples: [Int32], _ positions: Range<Int>, step: UInt32, firstPosition: UInt32, thread: Int) {
        load(samples, positions, thread: thread)
        guard let augmentation else { return }
        let elementCount = pass.model.inputElementCount
        for local in pass.sampleRange(thread: thread, sampleCount: positions.count) {
            augmentation.apply(
                to: pass.inputs + local * elementCount, step: step, position: firstPosition + UInt32(local),
                thread: thread)
        }
    }

    /// Scales this thread's share of `samples[positions]` (indices into the data set) into the pass's inputs.
    func load(_ samples: [Int32], _ positions: Range<Int>, thread: Int) {
        let elementCount = pass.model.inputElementCount
        dataset.pixels.withUnsafeBufferPointer { pixels in
            guard let pixels = pixels.baseAddress else { preconditionFailure("a data set has pixels") }
            for local in pass.sampleRange(thread: thread, sampleCount: positions.count) {
                let sample = Int(samples[positions.lowerBound + local])
                kernels.scaleBytes(elementCount, pixels + sample * elementCount, pass.inputs + local * elementCount)
                pass.labels[local] = dataset.labels[sample]
            }
        }
    }
}
