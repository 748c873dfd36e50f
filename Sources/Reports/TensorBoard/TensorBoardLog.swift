package import Experiments
package import NeuralNetwork
package import Runs
import Training

/// The event files of a run, in RUN/tensorboard: the tags and steps of Keras, so that runs of both can be compared. One
/// process at a time writes them.
///
/// The folders `train` and `validation` have a step for each epoch, `steps` and `steps_validation` have one for each
/// training step: TensorBoard drops what a new file begins again by one count of steps in a folder.
package struct TensorBoardLog: Sendable {
    /// Which curves the run has.
    package struct Contents: Sendable {
        package var hasValidation: Bool
        package var hasSteps: Bool

        package init(hasValidation: Bool, hasSteps: Bool) {
            self.hasValidation = hasValidation
            self.hasSteps = hasSteps
        }
    }

    private let directory: RunDirectory
    /// Later names sort behind earlier ones.
    private let fileName: String
    private let contents: Contents
    /// Those in which this process has written points.
    private var begunFolders: Set<Folder> = []
    /// Why the last write failed, in one line; the run does not depend on these files.
    package private(set) var failure: String?

    private enum Folder: String {
        case train, validation, steps
        case validationSteps = "steps_validation"
    }

    /// Begins a file for each folder. `seconds` is the time since 1970; `host` and `process` are this process's.
    package init(_ directory: RunDirectory, _ contents: Contents, seconds: Double, host: String, process: Int32) {
        self.directory = directory
        self.contents = contents
        let digits = String(Int(seconds))
        let time = String(repeating: "0", count: max(0, 10 - digits.count)) + digits
        fileName = "events.out.tfevents.\(time).\(host).\(process).0"
        var folders = [Folder.train]
        if contents.hasValidation { folders.append(.validation) }
        if contents.hasSteps { folders.append(.steps) }
        if contents.hasSteps, contents.hasValidation { folders.append(.validationSteps) }
        for folder in folders { append(.fileVersion, to: folder, step: 0, seconds) }
    }

    /// Before this process's first points in a folder, which may be there already: the run was interrupted and did these
    /// steps again, or another process was killed after it wrote them and before it recorded them. TensorBoard then
    /// forgets those of that step and later ones.
    private mutating func begin(_ folder: Folder, at step: Int, _ seconds: Double) {
        guard begunFolders.insert(folder).inserted else { return }
        append(.sessionStart, to: folder, step: step, seconds)
    }

    private mutating func append(
        _ content: TensorBoardEvent.Content, to folder: Folder, step: Int, _ seconds: Double
    ) {
        append([TensorBoardEvent(wallTime: seconds, step: step, content: content)], to: folder)
    }

    private mutating func append(_ events: [TensorBoardEvent], to folder: Folder) {
        do {
            try directory.append(events.flatMap(\.record), toTensorBoard: folder.rawValue, file: fileName)
        } catch {
            failure = error.description
        }
    }

    /// Adds the experiment and the model as text, and the model's graph.
    package mutating func describe(experiment: Experiment, model: Model, seconds: Double) {
        let table = ModelSummaryTable(model, name: experiment.name).text()
        let values = [("experiment", experiment.canonicalForm), ("model", table)].map { tag, text in
            TensorBoardValue(tag: tag, content: .text(Self.indented(text)))
        }
        begin(.train, at: 0, seconds)
        append(.summary(values), to: .train, step: 0, seconds)
        append(.graph(ModelGraph(model).message), to: .train, step: 0, seconds)
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
        begin(.train, at: row.epoch - 1, seconds)
        append(Self.scalars(training), to: .train, step: row.epoch - 1, seconds)
        guard contents.hasValidation, let loss = row.validationLoss, let accuracy = row.validationAccuracy else {
            return
        }
        func scalars(_ prefix: String) -> TensorBoardEvent.Content {
            Self.scalars([("\(prefix)_loss", loss), ("\(prefix)_accuracy", accuracy)])
        }
        begin(.validation, at: row.epoch - 1, seconds)
        append(scalars("epoch"), to: .validation, step: row.epoch - 1, seconds)
        guard contents.hasSteps else { return }
        begin(.validationSteps, at: row.step, seconds)
        append(scalars("batch"), to: .validationSteps, step: row.step, seconds)
    }

    private static func scalars(_ values: [(String, Double)]) -> TensorBoardEvent.Content {
        .summary(values.map { TensorBoardValue(tag: $0.0, content: .scalar($0.1)) })
    }

    /// Adds points of the curves over steps. The speed, where it is known, is of the last one.
    package mutating func add(_ points: [StepCurve.Point], imagesPerSecond: Double?, seconds: Double) {
        guard contents.hasSteps, let first = points.first, let last = points.last else { return }
        begin(.steps, at: first.step, seconds)
        let events = points.map { point in
            var values = [
                ("batch_loss", point.loss), ("batch_accuracy", point.accuracy),
                ("batch_learning_rate", Double(point.learningRate)),
            ]
            if point == last, let imagesPerSecond { values.append(("batch_images_per_second", imagesPerSecond)) }
            return TensorBoardEvent(wallTime: seconds, step: point.step, content: Self.scalars(values))
        }
        append(events, to: .steps)
    }

    /// Adds a histogram of each of the model's tensors in a checkpoint after some epochs, and of the gradients there.
    package mutating func addTensors(
        of checkpoint: Safetensors, gradients: [(name: String, values: [Float])], completedEpochs: Int, seconds: Double
    ) {
        let prefix = "model."
        let weights = checkpoint.tensors.compactMap { tensor -> TensorBoardValue? in
            guard tensor.name.hasPrefix(prefix), let floats = try? checkpoint.floats(named: tensor.name) else {
                return nil
            }
            return Self.histogram("weights", String(tensor.name.dropFirst(prefix.count)), floats)
        }
        let values = weights + gradients.map { Self.histogram("gradients", $0.name, $0.values) }
        append(.summary(values), to: .train, step: max(0, completedEpochs - 1), seconds)
    }

    /// "conv1.weight" is shown in the group "conv1".
    private static func histogram(_ group: String, _ name: String, _ values: [Float]) -> TensorBoardValue {
        TensorBoardValue(
            tag: "\(group)/\(name.replacing(".", with: "/"))", content: .histogram(ValueHistogram(values)))
    }

    /// Adds the pictures and figures of the finished run's report.
    package mutating func add(_ report: RunReport, pictures: [Picture], seconds: Double) {
        let step = max(0, report.history.epochs.count - 1)
        let images = pictures.map { TensorBoardValue(tag: "report/\($0.name)", content: .image($0.png)) }
        // One event each: a reader need not hold all pictures at once.
        for image in images { append(.summary([image]), to: .train, step: step, seconds) }
        if report.split == .test {
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
