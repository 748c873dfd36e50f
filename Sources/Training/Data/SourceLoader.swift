import Datasets
import Experiments
import NeuralNetwork

/// Loads the sets of a data source, whole.
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

    /// Folders for files that an experiment names.
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

    /// A file for validation, in the form of the training file.
    func validationSet(_ name: String) throws(DatasetError) -> ImageDataset {
        try CSVImages.load(name, format: format, searching: folders)
    }

    private var format: ImageFormat {
        ImageFormat(
            height: imageShape.height, width: imageShape.width, channels: imageShape.channels,
            classNames: configuration.source.classNames)
    }

    /// Made-up images; as many as the experiment's ranges reach for.
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
