import ArgumentParser
import Core
import Datasets
import Experiments
import Reports
import Training

extension RunReport.Split: ExpressibleByArgument {}

/// The samples of a split, with the names by which `selvedge predict` takes them.
struct EvaluatedSamples {
    let split: RunReport.Split
    let dataset: ImageDataset
    let references: SampleReferences

    /// Throws an `ExitStatus` where the experiment has no such samples.
    init(_ split: RunReport.Split, training: ImageDataset, test: ImageDataset?, _ experiment: Experiment) throws {
        self.split = split
        switch split {
        case .test:
            guard let test else {
                throw ExitStatus(
                    ProcessExitCode.usage,
                    "\(experiment.name) has no test set (test: none): give --split validation or --split train")
            }
            (dataset, references) = (test, SampleReferences("test"))
        case .train: (dataset, references) = (try training.trainingPart, SampleReferences("train"))
        case .validation:
            let data = try TrainingData(dataset: training, experiment: experiment)
            guard !data.split.validation.isEmpty else {
                throw ExitStatus(
                    ProcessExitCode.usage,
                    "\(experiment.name) has no validation samples: give --split test or --split train")
            }
            let (indices, name) = (data.split.validation, "\(training.name) validation")
            dataset = try training.samples(indices, name: name)
            switch experiment.dataset.validation {
            case .testSet: references = SampleReferences("test")
            case .file: references = SampleReferences("validation")
            case .none, .shuffled, .last, .range: references = SampleReferences("train", indices: indices)
            }
        }
    }

    /// The samples that give the result of a training: the test samples, or without them the validation samples, or
    /// else the training samples.
    init(ofResult experiment: Experiment, training: ImageDataset, test: ImageDataset?) throws {
        let withoutTest: RunReport.Split = experiment.dataset.validation == .none ? .train : .validation
        try self.init(test == nil ? withoutTest : .test, training: training, test: test, experiment)
    }
}
