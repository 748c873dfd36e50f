import Datasets
import Experiments
import NeuralNetwork
import Runs

@testable import Reports
@testable import Training

/// A report of a model that never was: half of its predictions are right.
enum MadeUpReport {
    static let sampleCount = 40

    static func experiment(published: [PublishedFigure] = [], isSynthetic: Bool = true) -> Experiment {
        Experiment(
            name: "made-up", title: "Title with <tags> & \"quotes\"", published: published,
            dataset: isSynthetic ? DatasetConfiguration(source: SyntheticSource()) : DatasetConfiguration(),
            model: ModelConfiguration(
                inputShape: ImageShape(height: 28, width: 28, channels: 1),
                layers: [.flatten, .dense(units: 10, activation: .sigmoid)]),
            batchSize: 8, epochs: 3)
    }

    static func evaluation(of dataset: ImageDataset) -> Evaluation {
        let labels = Array(dataset.labels.prefix(sampleCount))
        let predictions = labels.enumerated().map { index, label in index % 2 == 0 ? label : (label + 1) % 10 }
        var probabilities: [Float] = []
        for (index, prediction) in predictions.enumerated() {
            var outputs = [Float](repeating: 0, count: 10)
            outputs[Int(prediction)] = 0.5 + Float(index) / 100
            probabilities += outputs
        }
        return Evaluation(
            loss: 0.25, accuracy: 0.5, labels: labels, predictions: predictions, logits: probabilities,
            probabilities: probabilities)
    }

    static let rows = [(0.9, 0.6), (0.5, 0.85), (0.4, 0.8)].enumerated().map { index, values in
        EpochRow(
            epoch: index + 1, step: (index + 1) * 10, loss: values.0, accuracy: 1 - values.0,
            validationLoss: values.0 + 0.05, validationAccuracy: values.1, learningRate: 0.001)
    }

    static func make(
        published: [PublishedFigure] = [], rows: [EpochRow] = rows, isSynthetic: Bool = true,
        weights: EvaluatedWeights? = nil, timing: RunTiming? = nil, origin: RunReport.Origin? = nil
    ) throws -> RunReport {
        let experiment = experiment(published: published, isSynthetic: isSynthetic)
        let test = SyntheticImages.make(sampleCount: sampleCount, seed: 2)
        return try RunReport(
            experiment: experiment, model: Model(experiment.model, loss: experiment.loss), rows: rows,
            training: SyntheticImages.make(sampleCount: 100, seed: 1), evaluated: test,
            weights: weights, timing: timing, origin: origin, evaluation: evaluation(of: test))
    }
}
