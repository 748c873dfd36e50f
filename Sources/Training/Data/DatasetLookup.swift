public import Datasets
public import Experiments

/// Finds the data set that an experiment names.
public enum DatasetLookup {
    /// The training and test images. `data` is the folder that the user named, if any.
    public static func load(
        _ experiment: Experiment, data: String?, environment: [String: String]
    ) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset) {
        if experiment.dataset.name == DatasetConfiguration.syntheticName {
            return (
                SyntheticImages.make(sampleCount: syntheticTrainingCount, seed: 1),
                SyntheticImages.make(sampleCount: syntheticTestCount, seed: 2)
            )
        }
        return try FashionMNIST.load(searching: FashionMNIST.searchPath(data: data, environment: environment))
    }

    private static let syntheticTrainingCount = 3000
    private static let syntheticTestCount = 500
}
