public import Datasets
public import Experiments

/// The samples of an experiment: the data set, and which of its images train and which validate.
public struct TrainingData: Sendable {
    public let dataset: ImageDataset
    public let split: DatasetSplit

    /// Splits the data set as the experiment says; the split depends on its seed alone.
    public init(dataset: ImageDataset, experiment: Experiment) {
        self.dataset = dataset
        split = DatasetSplit.shuffled(
            count: dataset.sampleCount, validationFraction: experiment.dataset.validationFraction,
            seed: experiment.seed)
    }
}
