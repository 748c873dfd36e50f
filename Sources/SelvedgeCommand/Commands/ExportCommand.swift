import ArgumentParser
import Core
import Experiments
import Reports
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

    @Option(
        help: ArgumentHelp(
            "Also write a model card with figures and experiment (Markdown with a model-index), such as README.md.",
            valueName: "file"))
    var card: String?

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
        let source = try CheckpointArgument(checkpoint).path
        let loaded = try Checkpoint(path: source)
        let trained = try loaded.trainedModel()
        let path = output ?? trained.experiment.name + to.exporter.suffix
        let isFolder = FileOperations().isDirectory(path)
        let content = try to.exporter.content(of: trained)
        if case .file = content, isFolder {
            throw ExitStatus(ProcessExitCode.usage, "\(path) is a folder: give --output the name of a file")
        }
        try content.write(to: path)
        Console.note("Written to \(path)")
        guard let card else { return }
        try AtomicFile.write(modelCard(loaded, source, path).text, to: card)
        Console.note("Written to \(card)")
    }

    private static let reportByteLimit = 1 << 26

    /// `source` is the checkpoint's path, `path` that of the export.
    private func modelCard(_ loaded: Checkpoint, _ source: String, _ path: String) -> ModelCard {
        let report = ResumedRun.owner(of: source).flatMap {
            try? FileOperations().read(RunPaths($0).reportJSON, byteLimit: Self.reportByteLimit)
        }
        return ModelCard(
            experiment: loaded.experiment, digest: loaded.digest, parameterCount: loaded.model.parameterCount,
            rows: loaded.epochs, report: report ?? [], form: to.exporter.name,
            path: path.split(separator: "/").last.map(String.init) ?? path)
    }
}
