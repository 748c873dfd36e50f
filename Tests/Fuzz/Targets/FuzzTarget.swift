import Collectives
import Coordination
import Datasets
import Experiments
import NeuralNetwork
import Training

@testable import Checkpoints

/// The parsers of bytes that this program did not write. Each takes any bytes, and answers with a value or a typed error: what it
/// must never do is trap.
public enum FuzzTarget: String, CaseIterable, Sendable {
    case safetensors
    case checkpoint
    case experiment
    case idx
    case csv
    case png
    case archive
    case messages
    case frames
    case keras
    case rows
    case journal

    public func run(_ bytes: [UInt8]) {
        switch self {
        case .safetensors: _ = try? Safetensors(bytes: bytes)
        case .checkpoint: Self.checkpoint(bytes)
        case .experiment: Self.experiment(bytes)
        case .idx:
            _ = try? IDXFile.images(from: bytes, name: "images")
            _ = try? IDXFile.labels(from: bytes, name: "labels", classCount: 10)
        case .csv: Self.csv(bytes)
        case .png:
            _ = try? PNGImage.decode(bytes: bytes, name: "image")
            _ = try? PNGImage.decode(bytes: PNGWrapping.file(bytes), name: "image")
        case .archive:
            _ = try? ImageDataset(archive: bytes, name: "archive", classNames: FashionMNIST.classNames)
        case .messages:
            if let message = try? CoordinatorMessage(decoding: bytes) { _ = message.encoded() }
            if let message = try? WorkerMessage(decoding: bytes) { _ = message.encoded() }
        case .frames:
            bytes.withUnsafeBytes { buffer in
                _ = try? FrameHeader(decoding: buffer) { _, _ in 0 }
            }
        case .keras: _ = try? KerasWeights(bytes: bytes, file: "weights")
        case .rows: _ = try? EpochRow.rows(jsonLines: String(decoding: bytes, as: UTF8.self))
        case .journal: _ = Journal.wholeRecords(bytes)
        }
    }

    private static func csv(_ bytes: [UInt8]) {
        let format = ImageFormat(height: 2, width: 3, channels: 1, classNames: ["a", "b", "c"])
        _ = try? CSVImages.parse(bytes: bytes, name: "images", format: format)
    }

    /// What stands in a checkpoint's metadata.
    private static func checkpoint(_ bytes: [UInt8]) {
        guard let file = try? Safetensors(bytes: bytes) else { return }
        _ = try? ReplicatedState.experiment(in: file)
        _ = try? ReplicatedState.progress(in: file)
    }

    /// An experiment that is taken has a canonical form that reads back equal, and a model that is checked.
    private static func experiment(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let experiment = try? Experiment(yaml: text, source: "fuzz") else { return }
        let again = try? Experiment(yaml: experiment.canonicalForm, source: "again")
        precondition(again == experiment, "the canonical form does not read back equal")
        _ = try? Model(experiment.model, loss: experiment.loss)
    }
}
