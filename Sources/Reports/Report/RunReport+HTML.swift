import Datasets
import Experiments
import Runs
import Training

extension RunReport {
    /// The report as one page that holds its pictures itself.
    package func html(pictures: [Picture]) -> String {
        let title = experiment.title.isEmpty ? experiment.name : "\(experiment.name): \(experiment.title)"
        func shown(_ names: String...) -> String {
            pictures.filter { names.contains($0.name) }.map(HTMLText.image).joined()
        }
        var sections = ["<p>\(HTMLText.escaped(headline))</p>", resultSection]
        if !rows.isEmpty { sections.append("<h2>Training</h2>\n" + shown("curves") + historySection) }
        sections += [
            "<h2>Confusion matrix</h2>\n" + shown("confusion-counts", "confusion-shares"),
            "<h2>Classification report</h2>\n<pre>\(HTMLText.escaped(ClassificationReport(matrix).text()))</pre>",
            "<h2>Predictions</h2>\n" + shown("predictions", "mistakes"),
            "<h2>Data</h2>\n" + shown("class-balance", "samples"),
            "<h2>Model</h2>\n<pre>"
                + HTMLText.escaped(ModelSummaryTable(model, name: experiment.name).text()) + "</pre>",
            "<h2>Experiment</h2>\n<pre>\(HTMLText.escaped(experiment.canonicalForm))</pre>",
        ]
        return HTMLText.page(
            title: title, warning: warning,
            body: sections.joined(separator: "\n"))
    }

    private var resultSection: String {
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
        let ours = "<h2>Result</h2>\n" + HTMLText.table(headings: [evaluated.name, ""], rows: figures)
        guard !published.rows.isEmpty else { return ours }
        return ours + "<h2>Published figures against ours</h2>\n"
            + HTMLText.table(
                headings: ["figure", "published", "ours", "difference"], rows: published.rows.map(\.cells))
    }

    private var historySection: String {
        let cells = zip(rows, history.epochs).map { row, epoch in
            [String(row.epoch)]
                + [epoch.loss, epoch.accuracy, epoch.validationLoss, epoch.validationAccuracy].map {
                    $0.map(TrainingHistory.figure) ?? "–"
                } + [row.learningRate.description]
        }
        return "<details open><summary>All epochs</summary>\n"
            + HTMLText.table(
                headings: [
                    "epoch", "loss", "accuracy", "validation loss", "validation accuracy", "learning rate",
                ], rows: cells) + "</details>\n"
    }
}
