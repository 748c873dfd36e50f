package import Datasets
package import Experiments

/// The samples of an experiment: the data set, and which of its images train and which validate.
package struct TrainingData: Sendable {
    package let dataset: ImageDataset
    package let split: DatasetSplit

    /// Splits the data set as the experiment says; a shuffled split depends on its seed alone.
    ///
    /// Throws `DatasetError.shape` when no sample is left to train on, or none for a validation that is asked for.
    package init(dataset: ImageDataset, experiment: Experiment) throws(DatasetError) {
        self.dataset = dataset
        split = try DatasetSplit(of: dataset, experiment.dataset, seed: experiment.seed)
    }

    /// Which round of the training does what.
    package func schedule(_ experiment: Experiment) -> BatchSchedule {
        BatchSchedule(
            sampleCount: split.training.count, batchSize: experiment.batchSize, epochCount: experiment.epochs)
    }
}
