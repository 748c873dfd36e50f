import Glibc

@testable import NeuralNetwork

extension ReferenceNetwork {
    func loss(_ logits: [Double], label: Int) -> Double {
        let smoothing = Double(model.loss.labelSmoothing)
        let answerCount = model.loss is BinaryCrossEntropy ? 2 : Double(logits.count)
        let targets = logits.indices.map { index in
            (index == label ? 1 - smoothing : 0) + smoothing / answerCount
        }
        let outputs = Self.activate(logits, outputActivation, channels: logits.count)
        let clipped = outputs.map { min(max($0, 1e-7), 1 - 1e-7) }
        let pairs = zip(targets, clipped)
        switch model.loss {
        case is CategoricalCrossEntropy:
            let shares = outputActivation == .softmax ? outputs : clipped
            let sum = shares.reduce(0, +)
            return zip(targets, shares).reduce(0) { $0 - $1.0 * log($1.1 / sum) }
        case is BinaryCrossEntropy:
            return pairs.reduce(0) { $0 - $1.0 * log($1.1) - (1 - $1.0) * log(1 - $1.1) } / Double(logits.count)
        default:
            return zip(targets, outputs).reduce(0) { $0 + ($1.1 - $1.0) * ($1.1 - $1.0) } / Double(logits.count)
        }
    }

    private var outputActivation: Activation {
        model.configuration.layers.last?.layer.activation ?? .linear
    }
}
