package import Core
package import Experiments
package import Runs

/// The card of a model for people and repositories of models: Markdown after YAML with a `model-index`, as the README.md
/// of a model's folder.
package struct ModelCard {
    private let experiment: Experiment
    private let digest: SHA256Digest
    private let parameterCount: Int
    private let rows: [EpochRow]
    private let test: TestFigures?
    /// What the card lies beside, such as `A-1.onnx`.
    private let export: (form: String, path: String)

    /// Figures on the test set, from the run's report.
    private struct TestFigures {
        var samples: Int
        var accuracy: Double
        var loss: Double
    }

    /// `rows` are the finished epochs of the checkpoint with this digest. `report` is the content of its run's
    /// report.json, which counts where it is about the same weights.
    package init(
        experiment: Experiment, digest: SHA256Digest, parameterCount: Int, rows: [EpochRow], report: [UInt8],
        form: String, path: String
    ) {
        self.experiment = experiment
        self.digest = digest
        self.parameterCount = parameterCount
        self.rows = rows
        test = Self.figures(report, of: experiment, epochs: rows.count)
        export = (form, path)
    }

    /// Nil where the experiment has no test set: then the report's figures are of other samples.
    private static func figures(_ report: [UInt8], of experiment: Experiment, epochs: Int) -> TestFigures? {
        guard experiment.dataset.hasTest, let members = try? JSONValue(parsing: report).object,
            members["experiment"]?.string == experiment.name,
            members["seed"]?.whole.map(UInt64.init(clamping:)) == experiment.seed,
            let weights = members["weights"]?.object, weights["epoch"]?.whole == epochs, weights["step"]?.whole == 0,
            let test = members["test"]?.object, let samples = test["samples"]?.whole,
            let accuracy = test["accuracy"]?.number, let loss = test["loss"]?.number
        else { return nil }
        return TestFigures(samples: samples, accuracy: accuracy, loss: loss)
    }

    /// The whole file: a function of the checkpoint, its report and the export's name.
    package var text: String {
        let title = experiment.title.isEmpty ? experiment.name : "\(experiment.name): \(experiment.title)"
        var lines = ["---"] + frontMatter + ["---", "", "# \(title)", ""]
        lines.append(
            "An image classifier with \(parameterCount) parameters, trained with Selvedge for \(rows.count) "
                + "epoch\(rows.count == 1 ? "" : "s") on \(experiment.dataset.title), seed \(experiment.seed).")
        lines += ["", "## Results", ""] + results
        lines += ["", "## Files", ""]
        lines.append(
            "`\(export.path)` was written by `selvedge export --to \(export.form)` from the checkpoint with SHA-256 "
                + "`\(digest.hexadecimal)`. Training the experiment below gives that checkpoint again, bit by bit, with any "
                + "number of workers.")
        lines += ["", "## Experiment", "", "```yaml", trimmed(experiment.canonicalForm), "```", ""]
        return lines.joined(separator: "\n")
    }

    private func trimmed(_ text: String) -> String {
        String(text.reversed().drop { $0.isNewline }.reversed())
    }

    private var frontMatter: [String] {
        let name = JSONText.string(experiment.name)
        let dataset = experiment.dataset
        var lines = ["library_name: selvedge", "pipeline_tag: image-classification", "tags:", "- selvedge"]
        lines.append("- image-classification")
        // Repositories of models look for it under this name.
        if dataset.title == dataset.name { lines += ["datasets:", "- \(JSONText.string(dataset.name))"] }
        let metrics = metrics
        guard !metrics.isEmpty else { return lines }
        lines += ["model-index:", "- name: \(name)", "  results:", "  - task:", "      type: image-classification"]
        lines += ["    dataset:", "      name: \(JSONText.string(dataset.title))"]
        lines.append("      type: \(JSONText.string(dataset.name))")
        lines += ["      split: \(test == nil ? "validation" : "test")", "    metrics:"]
        return lines
            + metrics.flatMap { metric in
                ["    - type: \(metric.type)", "      name: \(metric.name)", "      value: \(metric.value)"]
            }
    }

    /// Of the test set where its figures are known, otherwise of the validation set.
    private var metrics: [(type: String, name: String, value: Double)] {
        let found: [(String, String, Double?)] =
            if let test {
                [("accuracy", "Test accuracy", test.accuracy), ("loss", "Test loss", test.loss)]
            } else {
                [
                    ("accuracy", "Validation accuracy", rows.last?.validationAccuracy),
                    ("loss", "Validation loss", rows.last?.validationLoss),
                ]
            }
        return found.compactMap { type, name, value in
            value.flatMap { $0.isFinite ? (type: type, name: name, value: $0) : nil }
        }
    }

    private var results: [String] {
        var lines = ["| figure | value |", "|---|---|"]
        lines += metrics.map { "| \($0.name) | \($0.value) |" }
        let samples =
            if let test {
                "On \(test.samples) images."
            } else if experiment.dataset.hasTest {
                "The run has no report on the test set for these weights: `selvedge evaluate` makes one."
            } else {
                "The experiment has no test set."
            }
        lines += ["", samples]
        guard experiment.dataset.name == DatasetConfiguration.syntheticName else { return lines }
        return lines + ["", "The data are synthetic: these figures mean nothing."]
    }
}
