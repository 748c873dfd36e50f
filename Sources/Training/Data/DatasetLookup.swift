import Core
package import Datasets
package import Experiments
package import NeuralNetwork

/// Finds and loads the data set of an experiment.
package enum DatasetLookup {
    /// The training images, followed by the validation images where they are of another set, and the test images.
    /// The test images are nil where the experiment has none. `data` is the user's folder, if any.
    package static func load(
        _ experiment: Experiment, data: String?, environment: [String: String]
    ) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset?) {
        let configuration = experiment.dataset
        let request = DataRequest(experiment, data: data, environment: environment)
        let (training, wholeTest) = try configuration.source.sets(request)
        var test = configuration.hasTest ? wholeTest : nil
        if let whole = wholeTest, let range = configuration.test.range { test = try whole.part(range) }
        switch configuration.validation {
        case .testSet:
            guard let test else { throw .noTestSet(experiment: experiment.name) }
            return (try training.joined(withValidation: test), test)
        case .file(let name):
            return (try training.joined(withValidation: configuration.source.validationSet(name, request)), test)
        case .none, .shuffled, .last, .range: return (training, test)
        }
    }

    /// The experiment with all that it takes from its data and a checkpoint needs without them, such as class names that
    /// are the names of folders.
    package static func resolved(
        _ experiment: Experiment, data: String?, environment: [String: String]
    ) throws(DatasetError) -> Experiment {
        var result = experiment
        let request = DataRequest(experiment, data: data, environment: environment)
        result.dataset.source = try experiment.dataset.source.resolved(request)
        return result
    }

    /// The place of the data for a reader, such as "fashion-mnist in /usr/share/datasets/fashion-mnist".
    package static func place(_ experiment: Experiment, data: String?, environment: [String: String]) -> String {
        let source = experiment.dataset.source
        guard !source.files.isEmpty else { return "\(source.title) (generated)" }
        let folder = source.folder(DataRequest(experiment, data: data, environment: environment))
        return source.title + (folder.map { " in \($0)" } ?? "")
    }
}

extension DataRequest {
    fileprivate init(_ experiment: Experiment, data: String?, environment: [String: String]) {
        let (shape, configuration) = (experiment.model.inputShape, experiment.dataset)
        var trainingCount = configuration.trainingRange?.upperBound ?? 0
        if case .range(let range) = configuration.validation { trainingCount = max(trainingCount, range.upperBound) }
        self.init(
            data: data, environment: environment, height: shape.height, width: shape.width, channels: shape.channels,
            trainingCount: trainingCount, testCount: configuration.test.range?.upperBound ?? 0,
            needsTest: configuration.hasTest)
    }
}

extension ImageDataset {
    /// Throws `DatasetError.shape` unless the model takes images of this shape and has an output for each class.
    package func check(fits model: Model) throws(DatasetError) {
        let shape = model.configuration.inputShape
        guard model.classCount >= classNames.count else {
            throw .shape(
                name: name,
                problem:
                    "it has \(classNames.count) classes, the model's last layer has \(model.classCount) outputs: give it "
                    + "\(classNames.count) units")
        }
        guard shape == ImageShape(height: height, width: width, channels: channels) else {
            throw .shape(
                name: name,
                problem: "its images are \(height)×\(width)×\(channels), the model takes "
                    + "\(shape.height)×\(shape.width)×\(shape.channels): give the model input: "
                    + "[\(height), \(width), \(channels)]")
        }
    }
}
