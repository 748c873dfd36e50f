import Experiments

extension RunReport {
    /// The report for a terminal: history, accuracy and loss, classification report, confusion matrix.
    public var text: String {
        var parts = [headline]
        if isSynthetic { parts.append(PictureSource.warning) }
        if !rows.isEmpty { parts.append(history.text) }
        parts.append(published.text + EvaluationText(evaluation, matrix).text)
        return parts.joined(separator: "\n\n")
    }

    /// Published figures against ours.
    var published: PublishedComparison {
        PublishedComparison(experiment.published, history: history, evaluation: evaluation)
    }
}
