public import Digests
import NeuralNetwork

extension Experiment {
    /// The experiment as YAML with every value written out: equal experiments give the same text, and it reads back
    /// equal.
    public var canonicalForm: String { text(forDigest: false) }

    /// SHA-256 of the canonical form without what a resumed run may change or only describes: epochs, title and
    /// published figures.
    public var digest: SHA256Digest { SHA256Digest(of: Array(text(forDigest: true).utf8)) }

    private func text(forDigest: Bool) -> String {
        var lines = ["name: \(CanonicalText.quoted(name))"]
        if !forDigest {
            lines.append("title: \(CanonicalText.quoted(title))")
            lines += publishedLines
        }
        lines += [
            "data:",
            "  set: \(CanonicalText.quoted(dataset.name))",
            "  validation: {split: \(dataset.split.rawValue), fraction: \(dataset.validationFraction)}",
            "model:",
            "  input: [\(model.inputShape.height), \(model.inputShape.width), \(model.inputShape.channels)]",
            "  layers:",
        ]
        lines += model.layers.map { "    - \(CanonicalText.layer($0))" }
        lines += ["loss: \(loss.rawValue)", "optimizer:", "  \(CanonicalText.optimizer(optimizer))"]
        lines.append("batch_size: \(batchSize)")
        if !forDigest { lines.append("epochs: \(epochs)") }
        lines += ["micro_batches: \(microBatchCount)", "seed: \(seed)"]
        return lines.map { $0 + "\n" }.joined()
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

/// Pieces of the canonical form. Numbers are the shortest text that reads back to the same bits.
enum CanonicalText {
    static func layer(_ layer: LayerConfiguration) -> String {
        switch layer {
        case .convolution2D(let value):
            "conv2d: {filters: \(value.filters), kernel: [\(value.kernelHeight), \(value.kernelWidth)], "
                + "padding: \(value.padding.rawValue), activation: \(value.activation.rawValue)}"
        case .maxPool2D: "max_pool2d"
        case .flatten: "flatten"
        case .dense(let value): "dense: {units: \(value.units), activation: \(value.activation.rawValue)}"
        }
    }

    static func optimizer(_ optimizer: OptimizerConfiguration) -> String {
        switch optimizer {
        case .adam(let value):
            "adam: {learning_rate: \(value.learningRate), beta_1: \(value.beta1), beta_2: \(value.beta2), "
                + "epsilon: \(value.epsilon)}"
        }
    }

    /// Text in double quotes with YAML's escapes; "&" and "*" are escaped too, as the reader refuses what looks like an
    /// anchor.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..<"\u{20}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FEFF}", "&", "*":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
