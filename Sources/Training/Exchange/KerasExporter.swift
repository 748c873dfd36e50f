import Experiments
import NeuralNetwork
import Runs

/// Keras 3: a `.keras` archive of a `keras.Sequential` with its weights, which Keras loads, evaluates and trains on.
///
/// Its first layer divides pixels 0…255 by 255; images are `[N, height, width, channels]`. Its outputs are those after
/// the last activation. Layers have their names in the summary; the loss and the optimizer are not part of the file.
package enum KerasExporter: Exporter {
    package static let name = "keras"
    package static let documentation =
        "A Keras 3 archive: pixels 0...255 [N, height, width, channels] to outputs. Written with libhdf5."
    package static let suffix = ".keras"

    private struct Layer {
        let name: String
        let layer: KerasLayer
        let tensors: [(shape: [Int], values: [Float])]
    }

    package static func content(of trained: TrainedModel) throws -> ExportedContent {
        let layers = layers(of: trained)
        let weights: [UInt8]
        do throws(HDF5Problem) {
            weights = try Self.weights(of: layers)
        } catch {
            throw KerasWeightsError(file: "model.weights.h5", problem: error)
        }
        var archive = ZIPArchive()
        // A fixed date: the file is a function of the checkpoint.
        let metadata = "{\"keras_version\": \"3.0.0\", \"date_saved\": \"1980-01-01@00:00:00\"}"
        try archive.add("metadata.json", Array(metadata.utf8))
        try archive.add("config.json", Array(configuration(of: trained, layers).utf8))
        try archive.add("model.weights.h5", weights)
        return .file(archive.serialized())
    }

    private static func layers(of trained: TrainedModel) -> [Layer] {
        var names = UniqueNames(taken: [])
        return trained.model.kerasLayers().map { name, layer, parameters in
            let tensors: [(shape: [Int], values: [Float])] =
                switch layer.tensors {
                case .none: []
                case .ofLayer: parameters.map { (shape: $0.internalShape, values: trained.internalValues($0)) }
                case .constant(let shape, let values): [(shape: shape, values: values)]
                }
            return Layer(name: names.next(name), layer: layer, tensors: tensors)
        }
    }

    /// The groups of layers are named after their classes, which are counted, not after the layers.
    private static func weights(of layers: [Layer]) throws(HDF5Problem) -> [UInt8] {
        var names = UniqueClassNames()
        var datasets: [HDF5Writer.Dataset] = []
        // The rescaling layer has a name, too, but no weights.
        for layer in layers {
            let group = "layers/\(names.next(layer.layer.className))/vars"
            for (index, tensor) in layer.tensors.enumerated() {
                datasets.append(
                    HDF5Writer.Dataset(path: "\(group)/\(index)", shape: tensor.shape, tensor.values))
            }
        }
        return try HDF5Writer.serialized(groups: ["layers"], datasets)
    }

    private static func configuration(of trained: TrainedModel, _ layers: [Layer]) -> String {
        let shape = trained.experiment.model.inputShape
        let batchShape = "[null, \(shape.height), \(shape.width), \(shape.channels)]"
        var entries = [
            entry("InputLayer", "\"name\": \"pixels\", \"batch_shape\": \(batchShape), \"dtype\": \"float32\""),
            entry("Rescaling", "\"name\": \"rescaling\", \"scale\": \(1 / Double(255)), \"offset\": 0.0"),
        ]
        for layer in layers {
            let arguments =
                [("name", JSONText.string(layer.name))]
                + layer.layer.arguments.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
            entries.append(
                entry(layer.layer.className, arguments.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ")))
        }
        return "{\"module\": \"keras\", \"class_name\": \"Sequential\", \"registered_name\": null, \"config\": {"
            + "\"name\": \(JSONText.string(trained.experiment.name)), \"trainable\": true, \"layers\": ["
            + entries.joined(separator: ", ") + "], \"build_input_shape\": \(batchShape)}}"
    }

    private static func entry(_ className: String, _ arguments: String) -> String {
        "{\"module\": \"keras.layers\", \"class_name\": \"\(className)\", \"registered_name\": null, "
            + "\"config\": {\(arguments)}}"
    }
}

/// The names under which Keras stores layers: the class in snake case, then numbered from 1.
struct UniqueClassNames {
    private var counts: [String: Int] = [:]

    mutating func next(_ className: String) -> String {
        let name = Self.snakeCase(className)
        let count = counts[name, default: 0]
        counts[name] = count + 1
        return count == 0 ? name : "\(name)_\(count)"
    }

    /// `BatchNormalization` is `batch_normalization`, `Conv2D` is `conv2d`.
    private static func snakeCase(_ text: String) -> String {
        var result = ""
        var isAfterLowercase = false
        for character in text {
            if character.isUppercase, isAfterLowercase { result += "_" }
            result += character.lowercased()
            isAfterLowercase = character.isLowercase
        }
        return result
    }
}
