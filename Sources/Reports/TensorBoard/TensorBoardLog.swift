package import Experiments
package import Runs
import Training

/// The event files of a run, in RUN/tensorboard/train and RUN/tensorboard/validation: the tags and steps of Keras, so
/// that runs of both can be compared. One process at a time writes them.
package struct TensorBoardLog {
    private let directory: RunDirectory
    /// Later names sort behind earlier ones.
    private let fileName: String
    private let hasValidation: Bool
    /// Why the last write failed, in one line; the run does not depend on these files.
    package private(set) var failure: String?

    private enum Folder: String, CaseIterable {
        case train, validation
    }

    /// Begins a file for each folder. `seconds` is the time since 1970; `host` and `process` are this process's.
    package init(
        _ directory: RunDirectory, hasValidation: Bool, completedEpochs: Int, seconds: Double, host: String,
        process: Int32
    ) {
        self.directory = directory
        self.hasValidation = hasValidation
        let digits = String(Int(seconds))
        let time = String(repeating: "0", count: max(0, 10 - digits.count)) + digits
        fileName = "events.out.tfevents.\(time).\(host).\(process).0"
        for folder in folders {
            append(.fileVersion, to: folder, step: 0, seconds)
            // TensorBoard then forgets later epochs of an interrupted run, which are trained again.
            if completedEpochs > 0 { append(.sessionStart, to: folder, step: completedEpochs, seconds) }
        }
    }

    private var folders: [Folder] { hasValidation ? Folder.allCases : [.train] }

    private mutating func append(
        _ content: TensorBoardEvent.Content, to folder: Folder, step: Int, _ seconds: Double
    ) {
        let event = TensorBoardEvent(wallTime: seconds, step: step, content: content)
        do {
            try directory.append(event.record, toTensorBoard: folder.rawValue, file: fileName)
        } catch {
            failure = error.description
        }
    }

    /// Adds the experiment and the model as text.
    package mutating func describe(experiment: Experiment, modelTable: String, seconds: Double) {
        let values = [("experiment", experiment.canonicalForm), ("model", modelTable)].map { tag, text in
            TensorBoardValue(tag: tag, content: .text(Self.indented(text)))
        }
        append(.summary(values), to: .train, step: 0, seconds)
    }

    /// Markdown that keeps lines and spaces.
    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }.joined(separator: "\n")
    }

    /// Adds the scalars of a finished epoch.
    package mutating func add(_ row: EpochRow, timing: EpochTiming?, seconds: Double) {
        var training: [(String, Double)] = [
            ("epoch_loss", row.loss), ("epoch_accuracy", row.accuracy),
            ("epoch_learning_rate", Double(row.learningRate)),
        ]
        if let timing {
            training += [
                ("epoch_images_per_second", timing.imagesPerSecond), ("epoch_seconds", timing.seconds),
                ("epoch_workers", Double(timing.workerCount)),
            ]
        }
        append(Self.scalars(training), to: .train, step: row.epoch - 1, seconds)
        let validation = [("epoch_loss", row.validationLoss), ("epoch_accuracy", row.validationAccuracy)]
            .compactMap { tag, value in value.map { (tag, $0) } }
        guard hasValidation, !validation.isEmpty else { return }
        append(Self.scalars(validation), to: .validation, step: row.epoch - 1, seconds)
    }

    private static func scalars(_ values: [(String, Double)]) -> TensorBoardEvent.Content {
        .summary(values.map { TensorBoardValue(tag: $0.0, content: .scalar($0.1)) })
    }

    /// Adds a histogram of each of the model's tensors in a checkpoint after some epochs.
    package mutating func addWeights(of checkpoint: Safetensors, completedEpochs: Int, seconds: Double) {
        let prefix = "model."
        let values = checkpoint.tensors.compactMap { tensor -> TensorBoardValue? in
            guard tensor.name.hasPrefix(prefix), let floats = try? checkpoint.floats(named: tensor.name) else {
                return nil
            }
            // "conv1.weight" is shown in the group "conv1".
            let tag = "weights/" + tensor.name.dropFirst(prefix.count).replacing(".", with: "/")
            return TensorBoardValue(tag: tag, content: .histogram(ValueHistogram(floats)))
        }
        append(.summary(values), to: .train, step: max(0, completedEpochs - 1), seconds)
    }

    /// Adds the pictures and figures of the finished run's report.
    package mutating func add(_ report: RunReport, pictures: [Picture], seconds: Double) {
        let step = max(0, report.history.epochs.count - 1)
        let images = pictures.map { TensorBoardValue(tag: "report/\($0.name)", content: .image($0.png)) }
        // One event each: a reader need not hold all pictures at once.
        for image in images { append(.summary([image]), to: .train, step: step, seconds) }
        if report.isTestSet {
            append(
                Self.scalars([("test_loss", report.evaluation.loss), ("test_accuracy", report.evaluation.accuracy)]),
                to: .train, step: step, seconds)
        }
        append(
            .summary([TensorBoardValue(tag: "report", content: .text(Self.indented(report.text)))]), to: .train,
            step: step,
            seconds)
    }
}
