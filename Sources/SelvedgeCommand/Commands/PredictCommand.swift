import ArgumentParser
import Core
import Datasets
import Experiments
import Foundation
import NeuralNetwork
import Reports
import Runs
import Selvedge
import Training

/// Classifies images with a checkpoint.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Classify images with a checkpoint; print classes and probabilities.")

    @Argument(
        help: "A checkpoint, such as RUN/checkpoints/last.safetensors, or a run directory.",
        completion: Completions.checkpoint)
    var checkpoint: String

    @Argument(
        help: ArgumentHelp(
            "PNG and JPEG files of any size, CSV files with or without labels, or images of the data set, counted from 0: "
                + "test:17, train:3.", valueName: "image"),
        completion: .file())
    var images: [String]

    @Option(help: "Folder with the data set, instead of the usual places.", completion: .directory)
    var data: String?

    @Option(help: "Number of classes to print for each image, the most probable first.")
    var top: Int = 1

    @Flag(help: "Invert the values of files: for dark on light, where the model was trained with light on dark.")
    var invert = false

    @Option(
        help: ArgumentHelp(
            "Write the classes' numbers to this file instead of printing them, as Kaggle takes them: ImageId,Label, with "
                + "ids from 1.", valueName: "file"),
        completion: .file())
    var submission: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard top > 0 else { throw ValidationError("--top takes a number from 1") }
    }

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        try DataFolder.check(data)
        let trained = try Checkpoint(path: CheckpointArgument(checkpoint).path)
        let (experiment, model) = (trained.experiment, trained.model)
        let reader = ImageReader(checkpoint: trained, data: data, isInverted: invert, environment: environment)
        let found = try reader.read(images.map { ImageReference($0) })
        let evaluation = try trained.evaluate(found.dataset)
        if let submission {
            try AtomicFile.write(Predictions.submission(evaluation), to: submission)
            let count = Figures.counted(evaluation.predictions.count, "prediction")
            Console.note("Written to \(submission): \(count)")
            if !json { return }
        }
        let predictions = Predictions(
            found, evaluation, classCount: model.classCount, top: top,
            isSynthetic: experiment.dataset.name == DatasetConfiguration.syntheticName)
        Console.result(
            json
                ? JSONResult.text("predict", [("checkpoint", JSONText.string(checkpoint))], object: predictions.json)
                : predictions.text)
    }
}

/// The predicted classes of images, as text and as JSON.
struct Predictions {
    private struct Image {
        var name: String
        /// The true class, where known.
        var actual: String?
        /// The most probable first; of equals the lower class.
        var candidates: [(className: String, probability: Float)]
    }

    private let images: [Image]
    private let isSynthetic: Bool

    /// `top` candidates are kept of each image.
    init(_ found: FoundImages, _ evaluation: Evaluation, classCount: Int, top: Int, isSynthetic: Bool) {
        let classNames = ConfusionMatrix.names(found.dataset.classNames, outputCount: classCount)
        self.isSynthetic = isSynthetic
        images = found.names.indices.map { image in
            let outputs = evaluation.probabilities[image * classCount..<(image + 1) * classCount]
            let ranked = outputs.enumerated().sorted { left, right in
                left.element != right.element ? left.element > right.element : left.offset < right.offset
            }
            return Image(
                name: found.names[image], actual: found.actual[image].map { classNames[Int($0)] },
                candidates: ranked.prefix(top).map { (classNames[$0.offset], $0.element) })
        }
    }

    /// A line for each image: name, then class and probability of each candidate, then the true class.
    var text: String {
        let lines = images.map { image in
            let candidates = image.candidates.flatMap { [$0.className, Figures.metric(Double($0.probability))] }
            let actual = image.actual.map { actual in
                ["actual: \(actual)" + (actual == image.candidates.first?.className ? "" : " (mistaken)")]
            }
            return ([image.name] + candidates + (actual ?? [])).joined(separator: "\t")
        }
        return ((isSynthetic ? [PictureSource.syntheticWarning] : []) + lines).joined(separator: "\n")
    }

    /// A line for each image: its number from 1, and the number of the most probable class.
    static func submission(_ evaluation: Evaluation) -> String {
        let lines = evaluation.predictions.enumerated().map { "\($0.offset + 1),\($0.element)\n" }
        return "ImageId,Label\n" + lines.joined()
    }

    var json: String {
        let objects = images.map { image in
            let candidates = image.candidates.map {
                "{\"class\":\(JSONText.string($0.className)),\"probability\":"
                    + ($0.probability.isFinite ? $0.probability.description : "null") + "}"
            }
            return "{\"image\":\(JSONText.string(image.name)),\"predictions\":[\(candidates.joined(separator: ","))],"
                + "\"actual\":\(image.actual.map(JSONText.string) ?? "null")}"
        }
        return "{\"synthetic\":\(isSynthetic),\"images\":[\(objects.joined(separator: ","))]}"
    }
}

/// Images to classify, as a data set, with their true classes where known.
struct FoundImages {
    let dataset: ImageDataset
    /// As the user gave them; a row of a CSV file is counted from 0, as in `test.csv:17`.
    let names: [String]
    /// One an image; nil where it is not known.
    let actual: [UInt8?]
}

/// Collects images from a data set and from files.
struct ImageReader {
    let checkpoint: Checkpoint
    /// The folder that the user named, if any.
    let data: String?
    /// Whether the values of files are inverted once more than the experiment inverts them.
    let isInverted: Bool
    let environment: [String: String]

    func read(_ references: [ImageReference]) throws -> FoundImages {
        let needsDataset = references.contains { if case .sample = $0 { true } else { false } }
        let sets =
            needsDataset ? try DatasetLookup.load(checkpoint.experiment, data: data, environment: environment) : nil
        let format = checkpoint.imageFormat
        var pixels: [UInt8] = []
        var (names, actual): ([String], [UInt8?]) = ([], [])
        for reference in references {
            switch reference {
            case .file(let path):
                pixels += try checkpoint.pixels(inImageFile: path, isInverted: isInverted)
                names.append(path)
                actual.append(nil)
            case .table(let path):
                var fileFormat = format
                if isInverted { fileFormat.isInverted.toggle() }
                let table = try CSVImages.unlabelled(path: path, format: fileFormat)
                pixels += table.pixels
                names += table.labels.indices.map { "\(path):\($0)" }
                actual += table.labels
            case .sample(let split, let index):
                guard let sets else { preconditionFailure("the data set was loaded for its samples") }
                guard let set = split == .test ? sets.test : sets.training else {
                    throw DatasetError.noTestSet(experiment: checkpoint.experiment.name)
                }
                try set.check(fits: checkpoint.model)
                guard index < set.sampleCount else {
                    throw ExitStatus(
                        ProcessExitCode.usage,
                        "there is no image \(split.rawValue):\(index): \(set.name) has \(set.sampleCount), counted from 0"
                    )
                }
                pixels += set.pixels[index * set.imageByteCount..<(index + 1) * set.imageByteCount]
                names.append("\(split.rawValue):\(index)")
                actual.append(set.labels[index])
            }
        }
        let dataset = try ImageDataset(
            name: "images", height: format.height, width: format.width, channels: format.channels,
            classNames: format.classNames, pixels: pixels, labels: actual.map { $0 ?? 0 })
        return FoundImages(dataset: dataset, names: names, actual: actual)
    }
}

/// An image as a user names it.
enum ImageReference: Equatable {
    enum Split: String {
        case test, train
    }

    /// One of the data set's, counted from 0.
    case sample(Split, Int)
    /// A PNG or JPEG file.
    case file(String)
    /// A CSV file, plain or with `.gz`.
    case table(String)

    init(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2, let split = Split(rawValue: String(parts[0])), let index = Int(parts[1]), index >= 0 {
            self = .sample(split, index)
        } else {
            let name = text.lowercased()
            self = name.hasSuffix(".csv") || name.hasSuffix(".csv.gz") ? .table(text) : .file(text)
        }
    }
}
