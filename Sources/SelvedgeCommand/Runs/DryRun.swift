import Core
import Datasets
import Experiments
import NeuralNetwork
import Reports
import Training

/// What `train --dry-run` shows: everything that is checked before a training, and nothing is written.
struct DryRun {
    private let experiment: Experiment
    private let model: Model
    private let place: String
    private let data: TrainingData
    private let testCount: Int

    /// Loads the data and checks that they fit the model.
    init(_ experiment: Experiment, data folder: String?, _ environment: [String: String]) throws {
        self.experiment = experiment
        model = try Model(experiment.model, loss: experiment.loss)
        let sets = try DatasetLookup.load(experiment, data: folder, environment: environment)
        try sets.training.check(fits: model)
        try sets.test?.check(fits: model)
        data = try TrainingData(dataset: sets.training, experiment: experiment)
        testCount = sets.test?.sampleCount ?? 0
        place = DatasetLookup.place(experiment, data: folder, environment: environment)
    }

    func show(_ layout: WorkerLayout) {
        let schedule = data.schedule(experiment)
        Console.result(
            """
            \(ModelSummaryTable(model, name: experiment.name).text(terminalColumns: Console.columns))
            experiment: \(experiment.name), seed \(experiment.seed), \(experiment.microBatchCount) micro-batches
            data: \(place)
            samples: \(Figures.grouped(data.split.training.count)) training, \
            \(Figures.grouped(data.split.validation.count)) validation, \(Figures.grouped(testCount)) test
            steps: \(Figures.counted(experiment.epochs, "epoch")) of \(Figures.counted(schedule.stepsPerEpoch, "step")), \
            batch \(experiment.batchSize)
            processes: \(Figures.counted(layout.workerCount, "worker")) of \(Figures.counted(layout.threadCount, "thread"))
            dry run: nothing was trained
            """)
    }
}
