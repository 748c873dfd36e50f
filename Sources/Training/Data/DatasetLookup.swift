package import Datasets
package import Experiments

/// Finds the data set that an experiment names.
package enum DatasetLookup {
    /// The training images, with what validates appended where that comes from another set, and the test images that are
    /// evaluated. `data` is the folder that the user named, if any.
    package static func load(
        _ experiment: Experiment, data: String?, environment: [String: String]
    ) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset) {
        let configuration = experiment.dataset
        let loader = SourceLoader(experiment, data: data, environment: environment)
        let (training, wholeTest) = try loader.sets()
        let test = try configuration.testRange.map(wholeTest.part) ?? wholeTest
        switch configuration.validation {
        case .testSet: return (try training.joined(withValidation: test), test)
        case .file(let name): return (try training.joined(withValidation: loader.validationSet(name)), test)
        case .none, .shuffled, .last, .range: return (training, test)
        }
    }
}
