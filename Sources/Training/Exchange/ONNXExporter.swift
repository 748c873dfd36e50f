import Experiments
import NeuralNetwork
import Runs

/// ONNX: one file with the graph and the weights, which onnxruntime and other runtimes execute.
///
/// The input `pixels` is float, `[N, channels, height, width]`, 0…255: the division by 255 is part of the graph. The
/// output `logits` is `[N, classes]`, as is `outputs`, the logits after the last layer's activation if it has one. N is
/// free. Dropout is left out.
package enum ONNXExporter: Exporter {
    package static let name = "onnx"
    package static let documentation =
        "An ONNX file, operator set \(ONNXFile.operatorSet): pixels 0...255 [N, channels, height, width] to logits and outputs."
    package static let suffix = ".onnx"

    package static func content(of trained: TrainedModel) -> ExportedContent {
        let graph = trained.model.operatorGraph { trained.values($0) }
        var metadata = trained.metadata
        metadata["input"] = "pixels from 0 to 255; the graph divides them by 255"
        return .file(ONNXFile(graph, name: trained.experiment.name, metadata: metadata).serialized())
    }
}
