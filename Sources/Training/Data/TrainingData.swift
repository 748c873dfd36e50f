public import Datasets
public import Experiments

/// The samples of an experiment: the data set, and which of its images train and which validate.
public struct TrainingData: Sendable {
    public let dataset: ImageDataset
    public let split: DatasetSplit

    /// Splits the data set as the experiment says; the split depends on its seed alone.
    ///
    /// Throws `DatasetError.shape` when one of the two parts has no sample.
    public init(dataset: ImageDataset, experiment: Experiment) throws(DatasetError) {
        self.dataset = dataset
        let fraction = experiment.dataset.validationFraction
        split = DatasetSplit.shuffled(
            count: dataset.sampleCount, validationFraction: fraction, seed: experiment.seed)
        guard !split.training.isEmpty, !split.validation.isEmpty else {
            throw .shape(
                name: dataset.name,
                problem: "validation fraction \(fraction) of \(dataset.sampleCount) samples leaves none to train on "
                    + "or none to validate with: choose another fraction")
        }
    }

    /// Which round of the training does what.
    public func schedule(_ experiment: Experiment) -> BatchSchedule {
        BatchSchedule(
            sampleCount: split.training.count, batchSize: experiment.batchSize, epochCount: experiment.epochs)
    }
}
