package import Datasets
package import Experiments
package import NeuralNetwork

/// Finds and loads the data set of an experiment.
package enum DatasetLookup {
    /// The training images, followed by the validation images where they are of another set, and the test images. `data` is
    /// the user's folder, if any.
    package static func load(
        _ experiment: Experiment, data: String?, environment: [String: String]
    ) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset) {
        let configuration = experiment.dataset
        let request = DataRequest(experiment, data: data, environment: environment)
        let (training, wholeTest) = try configuration.source.sets(request)
        let test = try configuration.testRange.map(wholeTest.part) ?? wholeTest
        switch configuration.validation {
        case .testSet: return (try training.joined(withValidation: test), test)
        case .file(let name):
            return (try training.joined(withValidation: configuration.source.validationSet(name, request)), test)
        case .none, .shuffled, .last, .range: return (training, test)
        }
    }
}

extension DataRequest {
    fileprivate init(_ experiment: Experiment, data: String?, environment: [String: String]) {
        let (shape, configuration) = (experiment.model.inputShape, experiment.dataset)
        var trainingCount = configuration.trainingRange?.upperBound ?? 0
        if case .range(let range) = configuration.validation { trainingCount = max(trainingCount, range.upperBound) }
        self.init(
            data: data, environment: environment, height: shape.height, width: shape.width, channels: shape.channels,
            trainingCount: trainingCount, testCount: configuration.testRange?.upperBound ?? 0)
    }
}

extension ImageDataset {
    /// Throws `DatasetError.shape` unless the model takes images of this shape and has an output for each class.
    package func check(fits model: Model) throws(DatasetError) {
        let shape = model.configuration.inputShape
        guard shape == ImageShape(height: height, width: width, channels: channels),
            model.classCount >= classNames.count
        else {
            throw .shape(
                name: name,
                problem: "it has \(height)×\(width)×\(channels) images of \(classNames.count) classes, the model takes "
                    + "\(shape.height)×\(shape.width)×\(shape.channels) images of \(model.classCount)")
        }
    }
}
