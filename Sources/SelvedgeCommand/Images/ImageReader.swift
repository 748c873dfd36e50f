import Core
import Datasets
import Experiments
import NeuralNetwork
import Training

/// Images to predict, as a data set, with what they truly are where that is known.
struct FoundImages {
    let dataset: ImageDataset
    /// One an image; nil for files.
    let actual: [UInt8?]
}

/// Collects images from a data set and from files.
struct ImageReader {
    let experiment: Experiment
    let model: Model
    /// The folder that the user named, if any.
    let data: String?
    let environment: [String: String]

    func read(_ references: [ImageReference]) throws -> FoundImages {
        let needsDataset = references.contains { if case .sample = $0 { true } else { false } }
        let sets = needsDataset ? try DatasetLookup.load(experiment, data: data, environment: environment) : nil
        let shape = model.configuration.inputShape
        let format = ImageFormat(
            height: shape.height, width: shape.width, channels: shape.channels,
            classNames: experiment.dataset.source.classNames)
        var pixels: [UInt8] = []
        var actual: [UInt8?] = []
        for reference in references {
            switch reference {
            case .file(let path):
                pixels += try PNGFile.pixels(path, format: format)
                actual.append(nil)
            case .sample(let split, let index):
                guard let sets else { preconditionFailure("the data set was loaded for its samples") }
                let set = split == .test ? sets.test : sets.training
                try set.check(fits: model)
                guard index < set.sampleCount else {
                    throw ExitStatus(
                        ProcessExitCode.usage,
                        "there is no image \(split.rawValue):\(index): \(set.name) has \(set.sampleCount), counted from 0"
                    )
                }
                pixels += set.pixels[index * set.imageByteCount..<(index + 1) * set.imageByteCount]
                actual.append(set.labels[index])
            }
        }
        let dataset = try ImageDataset(
            name: "images", height: format.height, width: format.width, channels: format.channels,
            classNames: format.classNames, pixels: pixels, labels: actual.map { $0 ?? 0 })
        return FoundImages(dataset: dataset, actual: actual)
    }
}
