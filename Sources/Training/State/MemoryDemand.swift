package import Datasets
package import Experiments
package import NeuralNetwork

/// The memory that a worker takes for a training, counted from the experiment before anything is allocated: a lower
/// bound, so that nothing is refused that would fit.
package struct MemoryDemand: Sendable, Equatable {
    /// Parameters, the optimizer's slots, and a gradient in each of two steps.
    package let stateByteCount: Int
    /// Activations of a batch and their gradients.
    package let batchByteCount: Int
    /// The samples.
    package let dataByteCount: Int

    package init(model: Model, experiment: Experiment, dataset: ImageDataset) {
        let arenaCount = 3 + Optimizer(experiment.optimizer).slotNames.count
        stateByteCount = arenaCount * model.arenaCount * MemoryLayout<Float>.stride
        batchByteCount = model.passByteCount(
            sampleCapacity: experiment.sampleCapacity(sampleCount: dataset.sampleCount))
        dataByteCount = dataset.pixels.count + dataset.labels.count
    }

    /// Of all workers of one host together.
    package func byteCount(workerCount: Int) -> Int {
        let (product, overflow) = (stateByteCount + batchByteCount + dataByteCount)
            .multipliedReportingOverflow(by: workerCount)
        return overflow ? .max : product
    }
}

extension Experiment {
    /// Samples for which a worker has memory: a batch, and no more than there are.
    package func sampleCapacity(sampleCount: Int) -> Int { min(batchSize, sampleCount) }
}
