package import Core
import Datasets
package import Experiments
package import NeuralNetwork
package import Runs

/// A form in which a trained model leaves this program. Each form is one file in this folder, and is listed in
/// `Exporters`.
package protocol Exporter: SendableMetatype {
    /// What `--to` takes: `onnx`.
    static var name: String { get }
    /// What is written, in one sentence.
    static var documentation: String { get }
    /// What follows the experiment's name in the name of the output, if the user gives none: `.onnx`.
    static var suffix: String { get }

    /// The content of the output: a function of the checkpoint alone.
    static func content(of trained: TrainedModel) throws -> ExportedContent
}

/// The list of all exporters.
package enum Exporters {
    package static let all: [any Exporter.Type] = [
        ONNXExporter.self, TorchExporter.self, KerasExporter.self, SafetensorsExporter.self, NPZExporter.self,
    ]

    package static func named(_ name: String) -> (any Exporter.Type)? { all.first { $0.name == name } }
}

/// What an exporter writes.
package enum ExportedContent: Sendable, Equatable {
    case file([UInt8])
    /// Files of these names in a folder of their own.
    case folder([String: [UInt8]])

    /// Writes or replaces the file, or the files of the folder; each is complete or absent.
    package func write(to path: String) throws(FileError) {
        switch self {
        case .file(let bytes): try AtomicFile.write(bytes, to: path)
        case .folder(let files):
            try FileOperations().makeDirectories(path)
            for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
                try AtomicFile.write(bytes, to: "\(path)/\(name)")
            }
        }
    }
}

/// A model with the weights of a checkpoint, for exporters.
package struct TrainedModel {
    package let experiment: Experiment
    package let model: Model
    /// The checkpoint's.
    package let digest: SHA256Digest
    private let state: ReplicatedState

    package init(experiment: Experiment, model: Model, digest: SHA256Digest, state: ReplicatedState) {
        self.experiment = experiment
        self.model = model
        self.digest = digest
        self.state = state
    }

    /// A tensor's values in torch's layout.
    package func values(_ parameter: ParameterDescription) -> [Float] {
        ReplicatedState.torchValues(parameter, state.parameters)
    }

    /// A tensor's values in the layout inside, which Keras has, too.
    func internalValues(_ parameter: ParameterDescription) -> [Float] {
        Array(UnsafeBufferPointer(start: state.parameters.pointer + parameter.arenaOffset, count: parameter.count))
    }

    /// The names of the classes, in the order of the outputs; shorter than these where the data do not name all.
    var classNames: [String] { Array(experiment.dataset.source.classNames.prefix(model.classCount)) }

    /// What every form says about the origin of the weights.
    var metadata: [String: String] {
        [
            "experiment": experiment.name,
            "checkpoint_sha256": digest.hexadecimal,
            "classes": "[" + classNames.map(JSONText.string).joined(separator: ", ") + "]",
        ]
    }
}
