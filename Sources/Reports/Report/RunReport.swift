package import Datasets
package import Experiments
package import NeuralNetwork
package import Runs
package import Training

/// The report of a trained model: its layers, its training and its results on a data set.
package struct RunReport: Sendable {
    package let experiment: Experiment
    package let history: TrainingHistory
    package let evaluation: Evaluation
    package let matrix: ConfusionMatrix
    let model: Model
    let rows: [EpochRow]
    let evaluated: ImageDataset
    package let split: Split
    let weights: EvaluatedWeights?
    /// What the evaluated samples are called.
    private let references: SampleReferences
    /// Nil where it was not measured.
    package let timing: RunTiming?
    private let origin: Origin?
    private let training: ImageDataset
    private let trainingIndices: [Int]
    private let balance: ClassBalance

    /// `rows` are the finished epochs; `evaluation` is of the first samples of `evaluated`; the `training` set is shown
    /// by its samples and classes, split by the experiment. `weights`, `timing` and `origin` are shown where they are
    /// known.
    package init(
        experiment: Experiment, model: Model, rows: [EpochRow], training: ImageDataset, evaluated: ImageDataset,
        split: Split = .test, references: SampleReferences = SampleReferences("test"),
        weights: EvaluatedWeights? = nil, timing: RunTiming? = nil, origin: Origin? = nil, evaluation: Evaluation
    ) throws(DatasetError) {
        precondition(evaluation.labels.count <= evaluated.sampleCount, "an evaluation of other data")
        self.experiment = experiment
        self.model = model
        self.rows = rows
        self.training = training
        self.evaluated = evaluated
        self.split = split
        self.evaluation = evaluation
        self.references = references
        self.weights = weights
        self.timing = timing
        self.origin = origin
        history = TrainingHistory(rows)
        matrix = ConfusionMatrix(
            classNames: ConfusionMatrix.names(evaluated.classNames, outputCount: model.classCount),
            labels: evaluation.labels, predictions: evaluation.predictions)
        let parts = try TrainingData(dataset: training, experiment: experiment).split
        trainingIndices = parts.training.prefix(SamplePictures.tileLimit).map(Int.init)
        var balance = ClassBalance(classNames: training.classNames)
        balance.add("training", labels: parts.training.lazy.map { training.labels[Int($0)] })
        balance.add("validation", labels: parts.validation.lazy.map { training.labels[Int($0)] })
        if split == .test { balance.add("test", labels: evaluated.labels) }
        self.balance = balance
    }

    /// Which samples were evaluated. Those of the test set are the ones that the training set does not hold.
    package enum Split: String, Sendable, CaseIterable {
        case test, train, validation
    }

    /// When a training ended, and the release that reports it.
    package struct Origin: Sendable {
        /// In ISO 8601.
        private let trainedUntil: String
        private let version: String

        package init(trainedUntil: String, version: String) {
            self.trainedUntil = trainedUntil
            self.version = version
        }

        fileprivate var text: String {
            let time = trainedUntil.replacing("T", with: " ").replacing("Z", with: " UTC")
            return "Trained until \(time); report by selvedge \(version)"
        }
    }

    /// Whether the figures are from generated images.
    package var isSynthetic: Bool { experiment.dataset.name == DatasetConfiguration.syntheticName }

    /// Such as "A-1, seed 1, data: fashion-mnist test, weights of epoch 50 (last)".
    package var headline: String {
        "\(experiment.name), seed \(experiment.seed), data: \(evaluated.name)" + (weights.map { ", \($0.text)" } ?? "")
    }

    /// The source of pictures of the evaluated data.
    private var source: PictureSource { PictureSource(text: headline, warning: warning) }

    /// The source of pictures of other samples, which `samples` describes.
    private func source(_ samples: String) -> PictureSource {
        PictureSource(
            text: "\(experiment.name), seed \(experiment.seed), data: \(training.name), \(samples)", warning: warning)
    }

    /// The warning above figures from generated images.
    var warning: String? { isSynthetic ? PictureSource.syntheticWarning : nil }

    /// All pictures, in the order in which the page shows them.
    package func pictures() throws(DrawingError) -> [Picture] {
        var pictures: [Picture] = []
        if !rows.isEmpty {
            let samples = history.hasValidation ? "training and validation samples" : "training samples"
            pictures.append(try CurvesPicture.draw(history, source: source(samples)))
        }
        pictures.append(try ConfusionPicture.draw(matrix, .counts, source: source))
        pictures.append(try ConfusionPicture.draw(matrix, .shares, source: source))
        pictures.append(try samplePictures.predictions(source: source))
        pictures.append(try samplePictures.mistakes(source: source))
        pictures.append(try ClassBalancePicture.draw(balance, source: source(balance.partNames + " samples")))
        pictures.append(
            try SamplePictures.samples(training, indices: trainingIndices, source: source("training samples")))
        return pictures
    }

    private var samplePictures: SamplePictures {
        SamplePictures(
            dataset: evaluated, evaluation: evaluation, classNames: matrix.classNames, references: references)
    }
}

extension TrainingHistory {
    package init(_ rows: [EpochRow]) {
        self.init(
            epochs: rows.map {
                Epoch(
                    loss: $0.loss, accuracy: $0.accuracy, validationLoss: $0.validationLoss,
                    validationAccuracy: $0.validationAccuracy)
            })
    }
}

/// What became of writing a report.
package struct WrittenReport: Sendable {
    /// The files, relative to the folder.
    package var files: [String]
    /// One line about pictures that could not be made, or that look otherwise than meant; nil when all is well.
    package var note: String?
    /// Those that were drawn.
    package var pictures: [Picture] = []
}

extension RunReport {
    /// Writes report.txt, report.json, report.html and plots/*.png into the folder, each file whole or not at all.
    ///
    /// A failure to draw or to write a picture is only noted. Throws `FileError` where report.txt or report.json cannot
    /// be written.
    package func write(
        to folder: OpenFolder
    ) throws(FileError) -> WrittenReport {
        try AtomicFile.write(text + "\n", to: RunFileName.reportText, in: folder)
        try AtomicFile.write(json + "\n", to: RunFileName.reportJSON, in: folder)
        var result = WrittenReport(
            files: ["report.txt", "report.json"], note: PictureFont.note(names: matrix.classNames))
        do {
            let pictures = try pictures()
            result.pictures = pictures
            let plots = try folder.makingFolder(RunFileName.plots)
            for picture in pictures {
                try AtomicFile.write(picture.png, to: RunFileName.plot(picture.name), in: plots)
            }
            try AtomicFile.write(html(pictures: pictures), to: RunFileName.reportHTML, in: folder)
            result.files += ["report.html", "plots/*.png"]
        } catch {
            result.note = "the pictures and report.html are missing: \(error)"
        }
        return result
    }
}

extension RunReport {
    /// The report for a terminal: history, accuracy and loss, classification report, confusion matrix.
    package var text: String { text(columns: nil) }

    /// The text for a terminal of so many columns; nil for any number.
    package func text(columns: Int?) -> String {
        var parts = [headline + "\n"]
        if let warning { parts.append(warning + "\n") }
        if !rows.isEmpty { parts.append(history.text) }
        if !published.rows.isEmpty { parts.append(published.text) }
        parts.append(EvaluationText(evaluation, matrix).text(columns: columns))
        return parts.joined(separator: "\n")
    }

    /// Published figures against ours.
    var published: PublishedComparison {
        // Published figures are of real images.
        PublishedComparison(
            isSynthetic ? [] : experiment.published, history: history, evaluation: evaluation, timing: timing,
            publishedEpochs: (try? Experiment.shipped(named: experiment.name))?.epochs ?? experiment.epochs)
    }
}

extension RunReport {
    /// The report as one JSON object on one line. The member that `split` names is the evaluation of these samples.
    package var json: String {
        let published = published.rows.map { row in
            "{\"name\":\(JSONText.string(row.name)),\"published\":\(JSONText.string(row.published)),"
                + "\"ours\":\(row.ours.map(JSONText.number) ?? "null")}"
        }
        let members = [
            ("experiment", JSONText.string(experiment.name)), ("title", JSONText.string(experiment.title)),
            ("seed", String(experiment.seed)), ("data", JSONText.string(evaluated.name)),
            ("split", JSONText.string(split.rawValue)),
            ("weights", weights?.json ?? "null"),
            ("synthetic", String(isSynthetic)), ("parameters", String(model.parameterCount)),
            ("epochs", "[\(rows.map(\.jsonLine).joined(separator: ","))]"),
            ("highest_validation_accuracy", Self.json(history.highestValidationAccuracy)),
            ("lowest_validation_loss", Self.json(history.lowestValidationLoss)),
            ("published_epochs_complete", String(self.published.missingEpochs == nil)),
            ("published", "[\(published.joined(separator: ","))]"),
            (split.rawValue, EvaluationText(evaluation, matrix).json),
        ]
        return "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    private static func json(_ best: TrainingHistory.Best?) -> String {
        best.map { "{\"epoch\":\($0.epoch),\"value\":\(JSONText.number($0.value))}" } ?? "null"
    }
}

extension RunReport {
    /// The report as one page that holds its pictures itself.
    package func html(pictures: [Picture]) -> String {
        let title = experiment.title.isEmpty ? experiment.name : "\(experiment.name): \(experiment.title)"
        func shown(_ names: String...) -> String {
            pictures.filter { names.contains($0.name) }.map(HTMLText.image).joined()
        }
        func text(_ text: String) -> String { "<pre>\(HTMLText.escaped(text))</pre>" }
        var sections: [HTMLText.Section] = [("result", "Result", resultTable)]
        if !published.rows.isEmpty { sections.append(("published", "Published figures against ours", publishedTable)) }
        if !rows.isEmpty { sections.append(("training", "Training", curves + historyTable)) }
        sections += [
            ("confusion", "Confusion matrix", shown("confusion-counts", "confusion-shares")),
            ("classes", "Classification report", text(ClassificationReport(matrix).text())),
            ("predictions", "Predictions", shown("predictions", "mistakes")),
            ("data", "Data", shown("class-balance", "samples")),
            ("model", "Model", text(ModelSummaryTable(model, name: experiment.name).text())),
            ("experiment", "Experiment", text(experiment.canonicalForm)),
        ]
        return HTMLText.page(
            title: title, warning: warning,
            body: ([headline] + (origin.map { [$0.text] } ?? [])).map { "<p>\(HTMLText.escaped($0))</p>\n" }.joined()
                + HTMLText.sections(sections))
    }

    private var resultTable: String {
        let share = FixedPoint.text(100 * matrix.misclassification, digits: 2)
        var figures = [
            ["accuracy", TrainingHistory.figure(evaluation.accuracy)],
            ["loss", TrainingHistory.figure(evaluation.loss)],
            [
                "misclassified (1 − trace / sum)",
                "\(TextLayout.grouped(matrix.sampleCount - matrix.correctCount)) of "
                    + "\(TextLayout.grouped(matrix.sampleCount)) (\(share) %)",
            ],
        ]
        for (name, best) in [
            ("highest validation accuracy", history.highestValidationAccuracy),
            ("lowest validation loss", history.lowestValidationLoss),
        ] {
            guard let best else { continue }
            figures.append([name, "\(TrainingHistory.figure(best.value)) at epoch \(best.epoch)"])
        }
        if let timing, timing.epochCount > 0 {
            let speed = TextLayout.grouped(Int(exactly: timing.imagesPerSecond.rounded()) ?? 0)
            figures.append(["training time", "\(FixedPoint.text(timing.seconds, digits: 1)) s, \(speed) images/s"])
            let counts = timing.epochs.map(\.workerCount)
            if let least = counts.min(), let most = counts.max(), most > 0 {
                figures.append(["workers at the end of an epoch", least == most ? "\(most)" : "\(least) to \(most)"])
            }
        }
        return HTMLText.table(headings: [evaluated.name, ""], rows: figures)
    }

    private var publishedTable: String {
        (published.note.map { "<p>\(HTMLText.escaped($0))</p>\n" } ?? "")
            + HTMLText.table(
                headings: ["figure", "published", "ours", "difference"], rows: published.rows.map(\.cells))
    }

    /// The curves as parts of the page, also where pictures cannot be drawn.
    private var curves: String {
        var learningRate = LineChart(
            title: "Learning rate", verticalLabel: "learning rate",
            series: [
                LineChart.Series(
                    name: "of the last step", color: Color.series[0],
                    points: rows.map { Point(x: Double($0.epoch), y: Double($0.learningRate)) })
            ])
        learningRate.leastMargin = 0.05 * Double(rows.map(\.learningRate).max() ?? 0)
        learningRate.valueText = { Float($0).description }
        var charts = CurvesPicture.charts(history) + [learningRate]
        if let timing, timing.epochCount > 0 {
            var speed = LineChart(
                title: "Images a second", verticalLabel: "images/s",
                series: [
                    LineChart.Series(
                        name: "of all workers", color: Color.series[0],
                        points: timing.epochs.map { Point(x: Double($0.epoch), y: $0.imagesPerSecond) })
                ])
            speed.leastMargin = 1
            speed.valueText = { TextLayout.grouped(Int(exactly: $0.rounded()) ?? 0) }
            charts.append(speed)
        }
        return "<div class=\"charts\">\n\(charts.map { SVGChart($0).html }.joined())</div>\n"
    }

    /// Rows that are shown without a click.
    private static let unfoldedRowCount = 12

    private var historyTable: String {
        let cells = zip(rows, history.epochs).map { row, epoch in
            [String(row.epoch)]
                + [epoch.loss, epoch.accuracy, epoch.validationLoss, epoch.validationAccuracy].map {
                    $0.map(TrainingHistory.figure) ?? "–"
                } + [row.learningRate.description]
        }
        return "<details\(rows.count > Self.unfoldedRowCount ? "" : " open")><summary>All epochs</summary>\n"
            + HTMLText.table(
                headings: [
                    "epoch", "loss", "accuracy", "validation loss", "validation accuracy", "learning rate",
                ], rows: cells) + "</details>\n"
    }
}
