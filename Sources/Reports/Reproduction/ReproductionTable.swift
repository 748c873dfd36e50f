/// Published figures against ours, as Markdown, CSV and HTML.
package struct ReproductionTable: Sendable {
    package var rows: [ReproductionRow]
    /// The command that made it.
    package var command: String

    package init(rows: [ReproductionRow], command: String) {
        self.rows = rows
        self.command = command
    }

    private var isSynthetic: Bool { rows.contains(where: \.isSynthetic) }

    private static let headings = [
        "experiment", "published test accuracy", "ours (seeds)", "difference", "published test loss", "ours",
        "published validation accuracy", "ours", "verdict",
    ]

    private static let explanation =
        "Ours: mean ± standard deviation (number of seeds). Met: our mean is no more than 0.005 below the published "
        + "figure (0.01 for D; D-9 within 0.05). Level with Keras today: not below Keras's own mean on the same files "
        + "(in brackets) by more than two standard errors of the difference. Validation is at the epoch of the "
        + "published figure."

    private func cells(_ row: ReproductionRow) -> [String] {
        func text(_ value: Double?) -> String { value.map { FixedPoint.text($0, digits: 4) } ?? "–" }
        return [
            row.name + (row.isSynthetic ? " (SYNTHETIC DATA)" : ""), text(row.publishedTestAccuracy),
            row.testAccuracy.text, row.difference.map(FixedPoint.signed) ?? "–", text(row.publishedTestLoss),
            row.testLoss.text, text(row.publishedValidationAccuracy), row.validationAccuracy.text, row.verdict,
        ]
    }

    /// A table in GitHub's Markdown below a line with the command that made it.
    package var markdown: String {
        func line(_ cells: [String]) -> String {
            "| " + cells.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") }.joined(separator: " | ")
                + " |\n"
        }
        let warning = isSynthetic ? "**\(PictureSource.syntheticWarning)**\n\n" : ""
        return "# Published figures against ours\n\n\(warning)Made by `\(command)`. \(Self.explanation)\n\n"
            + line(Self.headings) + "|---|" + String(repeating: "---:|", count: Self.headings.count - 2) + "---|\n"
            + rows.map { line(cells($0)) }.joined()
    }

    /// One page, without outside resources.
    package var html: String {
        HTMLText.page(
            title: "Published figures against ours", warning: isSynthetic ? PictureSource.syntheticWarning : nil,
            body: "<p>Made by <code>\(HTMLText.escaped(command))</code>. \(HTMLText.escaped(Self.explanation))</p>\n"
                + HTMLText.table(headings: Self.headings, rows: rows.map(cells)))
    }

    private static let columns = [
        "experiment", "synthetic", "seeds", "published_test_accuracy", "test_accuracy_mean", "test_accuracy_deviation",
        "difference", "published_test_loss", "test_loss_mean", "test_loss_deviation", "published_validation_accuracy",
        "validation_accuracy_mean", "validation_accuracy_deviation", "met", "verdict",
    ]

    /// Numbers in full, empty where there is none (RFC 4180, but with plain line feeds).
    package var csv: String {
        let lines = rows.map { row in
            let numbers: [Double?] = [
                row.publishedTestAccuracy, row.testAccuracy.mean, row.testAccuracy.deviation, row.difference,
                row.publishedTestLoss, row.testLoss.mean, row.testLoss.deviation, row.publishedValidationAccuracy,
                row.validationAccuracy.mean, row.validationAccuracy.deviation,
            ]
            return [row.name, String(row.isSynthetic), String(row.trials.count)]
                + numbers.map { $0.map(\.description) ?? "" } + [String(row.isMet), row.verdict]
        }
        return CSVText.table([Self.columns] + lines)
    }
}
