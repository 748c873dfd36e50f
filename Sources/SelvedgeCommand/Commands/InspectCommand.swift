import ArgumentParser
import Runs

/// Shows the contents of a safetensors file or a Keras weights file.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show the tensors and metadata of a checkpoint, or the layers of a Keras .h5 file.")

    @Argument(help: "A safetensors file, a Keras .h5 file, or a run directory.", completion: .file())
    var file: String

    func run() throws {
        if file.hasSuffix(".h5") {
            let bytes = try FileOperations().read(file, byteLimit: KerasWeights.byteLimit)
            return show(try SeparateKerasReader.read(bytes, file))
        }
        let contents = try Safetensors(path: CheckpointArgument(file).path)
        for tensor in contents.tensors {
            let shape = tensor.shape.map(String.init).joined(separator: ", ")
            Console.result(
                "\(tensor.name)\t\(tensor.elementType.rawValue)\t[\(shape)]\t\(tensor.byteRange.count) bytes")
        }
        for (key, value) in contents.metadata.sorted(by: { $0.key < $1.key }) {
            let isLong = value.contains("\n")
            Console.result(isLong ? "\(key):\n\(indented(value))" : "\(key): \(value)")
        }
    }

    private func show(_ weights: KerasWeights) {
        for layer in weights.layers {
            for tensor in layer.tensors {
                let shape = tensor.shape.map(String.init).joined(separator: ", ")
                Console.result("\(layer.name)\t\(tensor.path)\t[\(shape)]")
            }
        }
    }

    private func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }.joined(separator: "\n")
    }
}
