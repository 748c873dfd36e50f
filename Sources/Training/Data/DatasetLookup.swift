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

/// Loads the sets of a data source.
struct SourceLoader {
    private let configuration: DatasetConfiguration
    private let imageShape: ImageShape
    private let data: String?
    private let environment: [String: String]

    init(_ experiment: Experiment, data: String?, environment: [String: String]) {
        configuration = experiment.dataset
        imageShape = experiment.model.inputShape
        self.data = data
        self.environment = environment
    }

    /// Folders for the experiment's files.
    private var folders: [String] { DataFolders.searched(data: data, environment: environment) }

    func sets() throws(DatasetError) -> (training: ImageDataset, test: ImageDataset) {
        switch configuration.source {
        case .fashionMNIST:
            return try FashionMNIST.load(searching: FashionMNIST.searchPath(data: data, environment: environment))
        case .synthetic: return synthetic
        case .idx(let files):
            return (
                try IDXFile.dataset(
                    images: files.trainingImages, labels: files.trainingLabels, classNames: files.classNames,
                    searching: folders),
                try IDXFile.dataset(
                    images: files.testImages, labels: files.testLabels, classNames: files.classNames, searching: folders
                )
            )
        case .csv(let files):
            return (
                try CSVImages.load(files.training, format: format, searching: folders),
                try CSVImages.load(files.test, format: format, searching: folders)
            )
        case .pngFolders(let sets):
            return (
                try PNGFolder.load(sets.training, format: format, searching: folders),
                try PNGFolder.load(sets.test, format: format, searching: folders)
            )
        }
    }

    /// A file for validation in the format of the training file.
    func validationSet(_ name: String) throws(DatasetError) -> ImageDataset {
        try CSVImages.load(name, format: format, searching: folders)
    }

    private var format: ImageFormat {
        ImageFormat(
            height: imageShape.height, width: imageShape.width, channels: imageShape.channels,
            classNames: configuration.source.classNames)
    }

    /// Synthetic images, as many as the experiment's ranges need.
    private var synthetic: (training: ImageDataset, test: ImageDataset) {
        var trainingCount = max(3000, configuration.trainingRange?.upperBound ?? 0)
        if case .range(let range) = configuration.validation { trainingCount = max(trainingCount, range.upperBound) }
        let testCount = max(500, configuration.testRange?.upperBound ?? 0)
        return (
            SyntheticImages.make(sampleCount: min(trainingCount, SyntheticImages.maximumCount), seed: 1),
            SyntheticImages.make(sampleCount: min(testCount, SyntheticImages.maximumCount), seed: 2)
        )
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
