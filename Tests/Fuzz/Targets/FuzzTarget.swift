@testable import Cluster
@testable import Collectives
@testable import Coordination
@testable import Datasets
@testable import Experiments
@testable import Faults
@testable import NeuralNetwork
@testable import Runs
@testable import Training
@testable import Transport

/// The parsers of bytes from users, files and the network. Each accepts any bytes and returns a value or throws a typed
/// error; none may trap.
public enum FuzzTarget: String, CaseIterable, Sendable {
    case safetensors
    case checkpoint
    case experiment
    /// A value of the command line and the text in which it replaces another.
    case override
    case idx
    case csv
    /// PNG and JPEG files.
    case image
    case archive
    case messages
    case frames
    case keras
    case rows
    case journal
    case proxied
    /// Lines of timings.jsonl, fired.jsonl and report.json.
    case lines
    /// Texts of faults and commands for a proxy.
    case faults
    /// Key files and addresses.
    case keys
    /// Lines NAME=VALUE of an environment, and lists of nodes.
    case launch

    public func run(_ bytes: [UInt8]) {
        switch self {
        case .safetensors: Self.safetensors(bytes)
        case .checkpoint: Self.checkpoint(bytes)
        case .experiment: Self.experiment(bytes)
        case .override: Self.override(bytes)
        case .idx:
            _ = try? IDXFile.images(from: bytes, name: "images")
            _ = try? IDXFile.labels(from: bytes, name: "labels", classCount: 10)
        case .csv: Self.csv(bytes)
        case .image:
            Self.image(bytes)
            Self.image(PNGWrapping.file(bytes))
        case .archive:
            _ = try? ImageDataset(archive: bytes, name: "archive", classNames: FashionMNIST.classNames)
        case .messages:
            if let envelope = try? CoordinatorEnvelope(decoding: bytes) { _ = envelope.encoded() }
            if let message = try? WorkerMessage(decoding: bytes) { _ = message.encoded() }
        case .frames:
            var bytes = bytes
            bytes.withUnsafeMutableBytes { buffer in
                // With the right checksum every input reaches the checks behind it.
                if buffer.count >= FrameHeader.byteCount {
                    let checksum = FrameHeader.checksum(UnsafeRawBufferPointer(buffer))
                    buffer.storeBytes(of: checksum.littleEndian, toByteOffset: 60, as: UInt32.self)
                }
                _ = try? FrameHeader(decoding: UnsafeRawBufferPointer(buffer))
            }
        case .keras: _ = try? KerasWeights(bytes: bytes, file: "weights")
        case .rows: _ = try? EpochRow.rows(jsonLines: String(decoding: bytes, as: UTF8.self))
        case .journal: _ = Journal.wholeRecords(bytes)
        case .proxied: Self.proxied(bytes)
        case .lines:
            _ = RunTimings.lines(bytes)
            _ = TriggeredFault(jsonLine: bytes)
            _ = try? RunResult(reportJSON: bytes)
        case .faults: Self.faults(String(decoding: bytes, as: UTF8.self))
        case .keys: Self.keys(String(decoding: bytes, as: UTF8.self))
        case .launch: Self.launch(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Every tensor of an accepted file can be read as Float, or is of a type that cannot.
    private static func safetensors(_ bytes: [UInt8]) {
        guard let file = try? Safetensors(bytes: bytes) else { return }
        for tensor in file.tensors { _ = try? file.widenedFloats(tensor) }
    }

    /// An accepted image is as large as it says, and takes any other size.
    private static func image(_ bytes: [UInt8]) {
        guard let image = try? ImageFile.decode(bytes: bytes, name: "image") else { return }
        precondition(image.pixels.count == image.height * image.width * image.channels, "an image lacks pixels")
        let format = ImageFormat(height: 5, width: 7, channels: 1, classNames: ["a"])
        _ = try? ImageFile.fitted(image, to: format, name: "image")
    }

    private static func csv(_ bytes: [UInt8]) {
        let format = ImageFormat(height: 2, width: 3, channels: 1, classNames: ["a", "b", "c"])
        _ = try? CSVImages.parse(bytes: bytes, name: "images", format: format)
    }

    /// A fault or command that is accepted reads back equal from its text.
    private static func faults(_ text: String) {
        if let fault = try? Fault(parsing: text) {
            precondition((try? Fault(parsing: fault.description)) == fault, "a fault does not read back equal")
        }
        if let command = try? ControlCommand(parsing: text) {
            let again = try? ControlCommand(parsing: command.description)
            precondition(again == command, "a command does not read back equal")
        }
    }

    /// A process that is accepted has a rank below the number of processes; a list has a first host.
    private static func launch(_ text: String) {
        var environment: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            environment[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        if let place = try? LaunchPlace.detected(in: environment) {
            precondition(place.rank.value < place.size.value, "a rank is too large")
            precondition(place.threadCount(available: 4, installed: 8) > 0, "a process has a thread")
            _ = (place.summary, place.address)
        }
        if let list = try? NodeList(parsing: text) {
            precondition(list.hosts(limit: 8).first == list.first, "the first host is not the first of several")
        }
    }

    /// The proxy forwards as many bytes as it receives, whether they are messages or not and however they are cut.
    private static func proxied(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        var framer = MessageFramer(byteLimit: 4096)
        var pieces: [StreamPiece] = []
        for start in stride(from: 0, to: stream.count, by: Int(first) + 1) {
            let part = stream[start..<min(stream.count, start + Int(first) + 1)]
            guard (try? part.withUnsafeBytes { try framer.append($0, to: &pieces) }) != nil else { return }
        }
        for piece in pieces where piece.kind == .message {
            let count = MessageContent.byteCount(of: piece.bytes)
            precondition(count < piece.bytes.count, "a message has heads as well as bodies")
            _ = MessageContent.position(ofByte: count - 1, in: piece.bytes)
        }
        let count = pieces.reduce(framer.takeRest().count) { $0 + $1.bytes.count }
        precondition(count == stream.count, "bytes were lost or added")
    }

    /// An accepted key file reads back equal from its text, and an accepted address from its description.
    private static func keys(_ text: String) {
        if let file = try? KeyFile(parsing: text, source: "fuzz") {
            let again = try? KeyFile(parsing: file.text, source: "again")
            precondition(again == file, "a key file does not read back equal")
        }
        if let address = try? Endpoint(parsing: text) {
            let again = try? Endpoint(parsing: address.description)
            precondition(again == address, "an address does not read back equal")
        }
    }

    /// The first line is the value of a flag, the rest an experiment.
    private static func override(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let flag = try? ExperimentOverride(String(decoding: parts[0], as: UTF8.self)) else { return }
        let text = String(decoding: parts.last ?? [], as: UTF8.self)
        guard let source = try? ExperimentSource(text: text, name: "fuzz", overrides: [flag]) else { return }
        _ = try? source.experiment()
    }

    /// The metadata of a checkpoint.
    private static func checkpoint(_ bytes: [UInt8]) {
        guard let file = try? Safetensors(bytes: bytes) else { return }
        _ = try? ReplicatedState.experiment(in: file)
        _ = try? ReplicatedState.progress(in: file)
    }

    /// An accepted experiment has a canonical form that reads back equal, and a model that is checked.
    private static func experiment(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let experiment = try? Experiment(yaml: text, source: "fuzz") else { return }
        let again = try? Experiment(yaml: experiment.canonicalForm, source: "again")
        precondition(again == experiment, "the canonical form does not read back equal")
        _ = try? Model(experiment.model, loss: experiment.loss)
    }
}
