import ArgumentParser
import Core
import Experiments
import Runs
import Selvedge
import Training

/// Writes a checkpoint's model in the form of another program.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a checkpoint's model for another program.",
        discussion: "Forms:\n" + Exporters.all.map { "  \($0.name): \($0.documentation)" }.joined(separator: "\n"))

    @Argument(
        help: "A checkpoint, such as RUN/checkpoints/best.safetensors, or a run directory.",
        completion: Completions.checkpoint)
    var checkpoint: String

    @Option(help: "The form to write.")
    var to: Form

    @Option(
        help: "The file or folder to write; by default the experiment's name in the working directory.",
        completion: .file())
    var output: String?

    /// An exporter as the user names it.
    struct Form: ExpressibleByArgument {
        let exporter: any Exporter.Type

        init?(argument: String) {
            guard let exporter = Exporters.named(argument) else { return nil }
            self.exporter = exporter
        }

        static var allValueStrings: [String] { Exporters.all.map { $0.name } }
    }

    func run() throws {
        let trained = try Checkpoint(path: CheckpointArgument(checkpoint).path).trainedModel()
        let path = output ?? trained.experiment.name + to.exporter.suffix
        let isFolder = FileOperations().isDirectory(path)
        let content = try to.exporter.content(of: trained)
        if case .file = content, isFolder {
            throw ExitStatus(ProcessExitCode.usage, "\(path) is a folder: give --output the name of a file")
        }
        try content.write(to: path)
        Console.note("Written to \(path)")
    }
}
