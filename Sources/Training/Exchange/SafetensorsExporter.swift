import NeuralNetwork
import Runs

/// A safetensors file with the weights alone: torch's names and layouts, as in a checkpoint but without the prefix
/// `model.`.
package enum SafetensorsExporter: Exporter {
    package static let name = "safetensors"
    package static let documentation = "A safetensors file with the weights alone, under torch's names and layouts."
    package static let suffix = ".safetensors"

    package static func content(of trained: TrainedModel) -> ExportedContent { .file(bytes(of: trained)) }

    static func bytes(of trained: TrainedModel) -> [UInt8] {
        var writer = SafetensorsWriter(metadata: trained.metadata)
        writer.metadata["format"] = "pt"
        for parameter in trained.model.parameters {
            writer.add(name: parameter.name, shape: parameter.torchShape, trained.values(parameter))
        }
        return writer.serialized()
    }
}
