import Datasets
import Experiments
import NeuralNetwork

/// Varies the samples of training batches, with scratch memory for each thread.
final class BatchAugmentation {
    private let augmentation: ImageAugmentation
    private let scratch: UnsafeMutablePointer<Float>

    /// Nil when the experiment does not vary its samples.
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

    /// Varies the image of one sample; `position` is its place in the global batch.
    func apply(to image: UnsafeMutablePointer<Float>, step: UInt32, position: UInt32, thread: Int) {
        augmentation.apply(
            to: image, step: step, position: position, scratch: scratch + thread * augmentation.elementCount)
    }
}
