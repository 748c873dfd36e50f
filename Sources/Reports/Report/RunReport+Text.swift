import Experiments

extension RunReport {
    /// The report for a terminal: history, accuracy and loss, classification report, confusion matrix.
    package var text: String {
        var parts = [headline + "\n"]
        if let warning { parts.append(warning + "\n") }
        if !rows.isEmpty { parts.append(history.text) }
        if !published.rows.isEmpty { parts.append(published.text) }
        parts.append(EvaluationText(evaluation, matrix).text)
        return parts.joined(separator: "\n")
    }

    /// Published figures against ours.
    var published: PublishedComparison {
        PublishedComparison(experiment.published, history: history, evaluation: evaluation)
    }
}
