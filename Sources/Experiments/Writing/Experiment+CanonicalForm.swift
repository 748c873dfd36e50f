package import Core
import NeuralNetwork

extension Experiment {
    /// The experiment as YAML with every value written out: equal experiments give the same text, and it reads back
    /// equal.
    package var canonicalForm: String { text(forDigest: false) }

    /// SHA-256 of the canonical form without what a resumed run may change or only describes: epochs, title and
    /// published figures.
    package var digest: SHA256Digest { SHA256Digest(of: Array(text(forDigest: true).utf8)) }

    private func text(forDigest: Bool) -> String {
        var lines = ["name: \(CanonicalText.quoted(name))"]
        if !forDigest {
            lines.append("title: \(CanonicalText.quoted(title))")
            lines += publishedLines
        }
        lines += CanonicalText.data(dataset)
        lines += [
            "model:",
            "  input: [\(model.inputShape.height), \(model.inputShape.width), \(model.inputShape.channels)]",
            "  layers:",
        ]
        lines += model.layers.map { "    - \($0.layer.canonicalText)" }
        if let initialWeights {
            lines.append("initial_weights: \(CanonicalText.initialWeights(initialWeights))")
        }
        lines += ["loss: \(lossText)", "optimizer:", "  \(optimizer.method.canonicalText)"]
        if !optimizer.schedule.isEqual(to: ConstantSchedule()) {
            lines.append("schedule: {\(optimizer.schedule.canonicalText)}")
        }
        if let norm = optimizer.clippingNorm { lines.append("clip_norm: \(norm)") }
        if let earlyStopping { lines.append("early_stopping: \(earlyStopping.canonicalSettings)") }
        lines.append("batch_size: \(batchSize)")
        if !forDigest { lines.append("epochs: \(epochs)") }
        lines += ["micro_batches: \(microBatchCount)", "seed: \(seed)"]
        return lines.map { $0 + "\n" }.joined()
    }

    /// A bare name, or a mapping of the name to its settings.
    private var lossText: String {
        let text = loss.canonicalText
        return text == loss.key ? text : "{\(text)}"
    }

    private var publishedLines: [String] {
        guard !published.isEmpty else { return [] }
        return ["published:"]
            + published.map { figure in
                switch figure.value {
                case .number(let value): "  \(CanonicalText.quoted(figure.name)): \(value)"
                case .text(let text): "  \(CanonicalText.quoted(figure.name)): \(CanonicalText.quoted(text))"
                }
            }
    }
}
