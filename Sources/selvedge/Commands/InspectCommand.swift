import ArgumentParser
import Checkpoints

/// Shows what a safetensors file holds.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show the tensors and metadata of a checkpoint.")

    @Argument(help: "A safetensors file.")
    var file: String

    func run() throws {
        let contents = try Safetensors(path: file)
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

    private func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }.joined(separator: "\n")
    }
}
