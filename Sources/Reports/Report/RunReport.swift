package import Datasets
package import Experiments
package import NeuralNetwork
package import Runs
package import Training

/// Everything that is told about a trained model: what it is, how it was trained, and what it makes of a data set.
package struct RunReport: Sendable {
    package let experiment: Experiment
    package let history: TrainingHistory
    package let evaluation: Evaluation
    package let matrix: ConfusionMatrix
    let model: Model
    let rows: [EpochRow]
    let evaluated: ImageDataset
    private let training: ImageDataset
    private let trainingIndices: [Int]
    private let balance: ClassBalance

    /// `rows` are the finished epochs; `evaluation` is of the first samples of `evaluated`; the `training` set is shown
    /// by its samples and classes, split as the experiment says. `isTestSet`: whether `evaluated` is data of its own,
    /// which the training set does not hold.
    package init(
        experiment: Experiment, model: Model, rows: [EpochRow], training: ImageDataset, evaluated: ImageDataset,
        isTestSet: Bool = true, evaluation: Evaluation
    ) throws(DatasetError) {
        precondition(evaluation.labels.count <= evaluated.sampleCount, "an evaluation of other data")
        self.experiment = experiment
        self.model = model
        self.rows = rows
        self.training = training
        self.evaluated = evaluated
        self.evaluation = evaluation
        history = TrainingHistory(rows)
        matrix = ConfusionMatrix(
            classNames: ConfusionMatrix.names(evaluated.classNames, outputCount: model.classCount),
            labels: evaluation.labels, predictions: evaluation.predictions)
        let split = try TrainingData(dataset: training, experiment: experiment).split
        trainingIndices = split.training.prefix(SamplePictures.tileLimit).map(Int.init)
        var balance = ClassBalance(classNames: training.classNames)
        balance.add("training", labels: split.training.lazy.map { training.labels[Int($0)] })
        balance.add("validation", labels: split.validation.lazy.map { training.labels[Int($0)] })
        if isTestSet { balance.add("test", labels: evaluated.labels) }
        self.balance = balance
    }

    /// Whether the figures come from made-up images.
    package var isSynthetic: Bool { experiment.dataset.name == DatasetConfiguration.syntheticName }

    /// Such as "A-1, seed 1, data: fashion-mnist test".
    package var headline: String { "\(experiment.name), seed \(experiment.seed), data: \(evaluated.name)" }

    private var source: PictureSource { PictureSource(text: headline, warning: warning) }

    /// What stands in large letters over made-up figures.
    var warning: String? { isSynthetic ? PictureSource.syntheticWarning : nil }

    /// All pictures, in the order in which the page shows them.
    package func pictures() throws(DrawingError) -> [Picture] {
        var pictures: [Picture] = []
        if !rows.isEmpty { pictures.append(try CurvesPicture.draw(history, source: source)) }
        pictures.append(try ConfusionPicture.draw(matrix, .counts, source: source))
        pictures.append(try ConfusionPicture.draw(matrix, .shares, source: source))
        pictures.append(try SamplePictures.predictions(evaluated, evaluation, matrix.classNames, source: source))
        pictures.append(try SamplePictures.mistakes(evaluated, evaluation, matrix.classNames, source: source))
        pictures.append(try ClassBalancePicture.draw(balance, source: source))
        pictures.append(try SamplePictures.samples(training, indices: trainingIndices, source: source))
        return pictures
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
