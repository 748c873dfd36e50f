import CPlatform
import Datasets
import Experiments
import KernelInterface
import NeuralNetwork

/// Loads samples into a pass's memory. The pass assigns samples to threads.
struct SampleLoader {
    let dataset: ImageDataset
    let kernels: KernelTable
    let pass: NetworkPass
    let threads: ComputeThreads
    /// Applied to training samples; nil for none.
    let augmentation: BatchAugmentation?

    /// Loads this thread's samples of a training step. Random draws depend on `step` (the training's steps before this
    /// one) and on the sample's position in the global batch; the first has `firstPosition`.
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

    /// Scales this thread's part of `samples[positions]` (indices into the data set) into the pass's inputs.
    func load(_ samples: [Int32], _ positions: Range<Int>, thread: Int) {
        let elementCount = pass.model.inputElementCount
        dataset.pixels.withUnsafeBufferPointer { pixels in
            guard let pixels = pixels.baseAddress else { preconditionFailure("a data set has pixels") }
            let range = pass.sampleRange(thread: thread, sampleCount: positions.count)
            for local in range {
                if local + Self.requestDistance < range.upperBound {
                    let later = Int(samples[positions.lowerBound + local + Self.requestDistance])
                    Self.request(elementCount, pixels + later * elementCount)
                }
                let sample = Int(samples[positions.lowerBound + local])
                kernels.scaleBytes(elementCount, pixels + sample * elementCount, pass.inputs + local * elementCount)
                pass.labels[local] = dataset.labels[sample]
            }
        }
    }

    /// How many samples ahead pixels are requested: the next sample lies anywhere in the data set.
    private static let requestDistance = 4
    private static let cacheLineByteCount = 64

    /// Asks the processor for the cache lines of `count` bytes.
    private static func request(_ count: Int, _ bytes: UnsafePointer<UInt8>) {
        var offset = 0
        while offset < count {
            selvedge_prefetch(bytes + offset)
            offset += cacheLineByteCount
        }
    }
}

/// Augments the samples of training batches, with scratch memory for each thread.
final class BatchAugmentation {
    private let augmentation: ImageAugmentation
    private let scratch: UnsafeMutablePointer<Float>

    /// Nil when the experiment has no augmentation.
    init?(_ experiment: Experiment, threadCount: Int) {
        guard let configuration = experiment.dataset.augmentation else { return nil }
        let shape = experiment.model.inputShape
        augmentation = ImageAugmentation(
            configuration, height: shape.height, width: shape.width, channels: shape.channels, seed: experiment.seed)
        scratch = .allocate(capacity: threadCount * augmentation.elementCount)
    }

    deinit {
        scratch.deallocate()
    }

    /// Augments the image of one sample; `position` is its position in the global batch.
    func apply(to image: UnsafeMutablePointer<Float>, step: UInt32, position: UInt32, thread: Int) {
        augmentation.apply(
            to: image, step: step, position: position, scratch: scratch + thread * augmentation.elementCount)
    }
}
