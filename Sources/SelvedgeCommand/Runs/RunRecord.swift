import Experiments
import NeuralNetwork
import Reports
import Runs

/// A run directory with its experiment, whether it is finished, unfinished or damaged. Nothing is changed or locked.
struct RunRecord {
    let path: String
    /// Nil where experiment.yaml cannot be read.
    private(set) var experiment: Experiment?
    private(set) var rows: [EpochRow] = []
    private(set) var timing: RunTiming?
    /// Nil until the training has ended and was evaluated.
    private(set) var result: RunResult?
    /// What is damaged or missing, one line each.
    private(set) var problems: [String] = []

    init(path: String) {
        let paths = RunPaths(path)
        self.path = paths.run
        guard FileOperations().isDirectory(paths.run) else {
            problems.append("there is no such folder")
            return
        }
        do {
            experiment = try Experiment.load(path: paths.experiment)
        } catch {
            problems.append(String(describing: error))
            return
        }
        let files = RunFiles(paths)
        (rows, timing, result, problems) = (files.rows, files.timing, files.result, files.problems)
    }

    /// The result on the test set; nil without one.
    var testResult: RunResult? { result?.split == "test" ? result : nil }

    var history: TrainingHistory { TrainingHistory(rows) }

    /// Trainable numbers; nil for a model that cannot be built.
    var parameterCount: Int? {
        experiment.flatMap { try? Model($0.model, loss: $0.loss).parameterCount }
    }

    var isSynthetic: Bool { experiment?.dataset.name == DatasetConfiguration.syntheticName }
}
