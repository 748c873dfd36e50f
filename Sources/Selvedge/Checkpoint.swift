internal import Cluster
internal import Foundation
internal import Kernels

/// A trained state in memory: the experiment, its finished epochs and all tensors.
///
/// ```swift
/// let checkpoint = try Checkpoint(path: "runs/A-1-1/checkpoints/best.safetensors")
/// print(checkpoint.experiment.name, checkpoint.epochs.count, checkpoint.digest)
/// print(try checkpoint.evaluate().accuracy)
/// ```
public struct Checkpoint: Sendable {
    public let experiment: Experiment
    /// The rows of the epochs that were finished.
    public let epochs: [EpochRow]
    /// The model, with its shapes and parameters.
    package let model: Model
    private let contents: Safetensors

    /// Reads a file that a training wrote.
    ///
    /// - Throws: an error whose description is one line, where the file is missing, damaged or of another program.
    public init(path: String) throws { try self.init(Safetensors(path: path)) }

    /// Reads the bytes of such a file.
    ///
    /// - Throws: an error whose description is one line.
    public init(bytes: [UInt8]) throws { try self.init(Safetensors(bytes: bytes)) }

    private init(_ contents: Safetensors) throws {
        self.contents = contents
        experiment = try ReplicatedState.experiment(in: contents)
        epochs = try ReplicatedState.progress(in: contents).rows
        model = try Model(experiment.model, loss: experiment.loss)
        // Checks every tensor now, so that nothing else can fail later.
        _ = try ReplicatedState(checkpoint: contents, model: model, experiment: experiment)
    }

    /// The whole file.
    public var bytes: [UInt8] { contents.bytes }

    /// SHA-256 of the file. Equal digests mean equal states, to the last bit.
    public var digest: SHA256Digest { SHA256Digest(of: contents.bytes) }

    /// Writes the file, whole or not at all, synced to the disk.
    ///
    /// - Throws: an error whose description is one line.
    public func write(to path: String) throws { try AtomicFile.write(contents.bytes, to: path) }

    /// The names of all tensors, such as `model.conv1.weight` and `optimizer.exp_avg.conv1.weight`.
    public var tensorNames: [String] { contents.tensors.map(\.name) }

    /// A tensor in torch's layout, row-major; nil where there is none of this name.
    public func tensor(named name: String) -> Tensor? {
        guard let shape = contents.tensor(named: name)?.shape, let values = try? contents.floats(named: name) else {
            return nil
        }
        return Tensor(shape: shape, values: values)
    }

    /// Evaluates on the experiment's test images. `dataFolder` is searched for the data instead of the usual places.
    ///
    /// - Throws: an error whose description is one line, where the data are missing or do not fit the model, or the
    ///   experiment has no test.
    public func evaluate(dataFolder: String? = nil, threadCount: Int? = nil) throws -> Evaluation {
        let images = try DatasetLookup.load(
            experiment, data: dataFolder, environment: ProcessInfo.processInfo.environment)
        guard let test = images.test else { throw DatasetError.noTestSet(experiment: experiment.name) }
        return try evaluate(test, threadCount: threadCount)
    }

    /// Evaluates on images in memory, or on the first `sampleLimit` of them. The number of threads changes no bit of
    /// the result.
    ///
    /// - Throws: an error whose description is one line, where the images do not fit the model.
    public func evaluate(
        _ images: ImageDataset, sampleLimit: Int? = nil, threadCount: Int? = nil
    ) throws -> Evaluation {
        let evaluator = try Evaluator(
            experiment: experiment, model: model, dataset: images,
            kernels: InstructionSet.chosen(environment: ProcessInfo.processInfo.environment).table,
            threadCount: threadCount ?? Processors.available)
        return try evaluator.evaluate(state(), sampleLimit: sampleLimit)
    }

    /// Classifies images: pixels `[images, height, width, channels]`, 0…255.
    ///
    /// - Throws: an error whose description is one line, where the pixels are no whole number of images.
    public func predict(pixels: [UInt8], threadCount: Int? = nil) throws -> [Prediction] {
        let format = imageFormat
        let images = try ImageDataset(
            name: "images", height: format.height, width: format.width, channels: format.channels,
            classNames: format.classNames, pixels: pixels,
            labels: [UInt8](repeating: 0, count: pixels.count / experiment.model.inputShape.elementCount))
        let evaluation = try evaluate(images, threadCount: threadCount)
        return evaluation.predictions.indices.map { image in
            let label = Int(evaluation.predictions[image])
            let outputs = image * model.classCount..<(image + 1) * model.classCount
            return Prediction(
                label: label, className: label < images.classNames.count ? images.classNames[label] : String(label),
                probabilities: Array(evaluation.probabilities[outputs]))
        }
    }

    /// Classifies the image in a PNG or JPEG file. It gets the channels and the size of the model's input as images in
    /// folders do, see `DataSourceConfiguration.imageFolders`; `isInverted` inverts it.
    ///
    /// - Throws: an error whose description is one line, where the file is missing or no usable image.
    public func predict(imageFile path: String, isInverted: Bool = false) throws -> Prediction {
        try predict(pixels: pixels(inImageFile: path, isInverted: isInverted), threadCount: 1)[0]
    }

    /// The images that the model takes, and its classes.
    package var imageFormat: ImageFormat {
        let shape = experiment.model.inputShape
        return ImageFormat(
            height: shape.height, width: shape.width, channels: shape.channels,
            classNames: experiment.dataset.source.classNames, isInverted: experiment.dataset.source.isInverted)
    }

    /// The pixels of the image in a file, in the channels and the size of the model's input. `isInverted` inverts them
    /// once more than the experiment does.
    package func pixels(inImageFile path: String, isInverted: Bool) throws -> [UInt8] {
        var format = imageFormat
        if isInverted { format.isInverted.toggle() }
        return try ImageFile.pixels(path: path, format: format)
    }

    /// The model with its weights, for exporters.
    package func trainedModel() throws(CheckpointError) -> TrainedModel {
        TrainedModel(experiment: experiment, model: model, digest: digest, state: try state())
    }

    /// The state that training and evaluation use.
    ///
    /// - Throws: `CheckpointError` for a progress that training with `schedule` cannot reach.
    package func state(schedule: BatchSchedule? = nil) throws(CheckpointError) -> ReplicatedState {
        try ReplicatedState(checkpoint: contents, model: model, experiment: experiment, schedule: schedule)
    }
}

/// The values of a tensor, row-major.
///
/// ```swift
/// let checkpoint = try Checkpoint(path: "a-1.safetensors")
/// let weight: Tensor? = checkpoint.tensor(named: "model.fc1.weight")
/// print(weight?.shape ?? [], weight?.values.count ?? 0)
/// ```
public struct Tensor: Sendable, Equatable {
    /// Torch's: `[out, in, height, width]` for a convolution's weight, `[out, in]` for a dense layer's.
    public let shape: [Int]
    public let values: [Float]
}

/// What a model makes of one image.
///
/// ```swift
/// let checkpoint = try Checkpoint(path: "a-1.safetensors")
/// let prediction: Prediction = try checkpoint.predict(imageFile: "boot.png")
/// print(prediction.className, prediction.probabilities[prediction.label])
/// ```
public struct Prediction: Sendable, Equatable {
    /// The class with the highest output, the first of equals.
    public let label: Int
    public let className: String
    /// One a class.
    public let probabilities: [Float]
}
