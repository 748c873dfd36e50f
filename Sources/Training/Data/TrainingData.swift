package import Datasets
package import Experiments

/// The samples of an experiment: the data set, split into training and validation.
package struct TrainingData: Sendable {
    package let dataset: ImageDataset
    package let split: DatasetSplit

    /// Splits the data set as the experiment states; a shuffled split depends on its seed only.
    ///
    /// - Throws: `DatasetError.shape` without a sample for training, or for a validation that the experiment has.
    package init(dataset: ImageDataset, experiment: Experiment) throws(DatasetError) {
        self.dataset = dataset
        split = try DatasetSplit(of: dataset, experiment.dataset, seed: experiment.seed)
    }

    /// The rounds of the training.
    package func schedule(_ experiment: Experiment) -> BatchSchedule {
        BatchSchedule(
            sampleCount: split.training.count, batchSize: experiment.batchSize, epochCount: experiment.epochs)
    }
}

extension DatasetSplit {
    /// The split of an experiment. Throws `DatasetError.shape` when the data have too few samples.
    init(of dataset: ImageDataset, _ configuration: DatasetConfiguration, seed: UInt64) throws(DatasetError) {
        let available = 0..<dataset.sampleCount - dataset.validationCount
        let training = configuration.trainingRange ?? available
        try Self.check(training, "training", within: available, of: dataset)
        switch configuration.validation {
        case .none: self = .ranges(training: training, validation: 0..<0)
        case .shuffled(let fraction):
            self = .shuffled(training, validationFraction: fraction, seed: seed)
            try checkParts("fraction \(fraction) of \(training.count) samples", of: dataset)
        case .last(let fraction):
            self = .last(training, validationFraction: fraction)
            try checkParts("fraction \(fraction) of \(training.count) samples", of: dataset)
        case .range(let range):
            try Self.check(range, "validation", within: available, of: dataset)
            self = .ranges(training: training, validation: range)
            try checkParts("range \(range.lowerBound) to \(range.upperBound)", of: dataset)
        case .testSet, .file:
            self = .ranges(training: training, validation: available.upperBound..<dataset.sampleCount)
            try checkParts("set", of: dataset)
        }
    }

    private static func check(
        _ range: Range<Int>, _ purpose: String, within available: Range<Int>, of dataset: ImageDataset
    ) throws(DatasetError) {
        guard available.lowerBound <= range.lowerBound, range.upperBound <= available.upperBound else {
            throw .shape(
                name: dataset.name,
                problem: "the \(purpose) range \(range.lowerBound) to \(range.upperBound) (without the last) reaches "
                    + "beyond its \(available.count) samples: choose another range")
        }
    }

    private func checkParts(_ text: String, of dataset: ImageDataset) throws(DatasetError) {
        guard !training.isEmpty, !validation.isEmpty else {
            throw .shape(
                name: dataset.name,
                problem: "validation \(text) leaves none to train on or none to validate with: choose another one")
        }
    }
}

/// The order of the current epoch, computed when the epoch changes.
struct EpochOrderCache {
    private let training: [Int32]
    private let seed: UInt64
    private var epoch: Int?
    private var order: [Int32] = []

    init(training: [Int32], seed: UInt64) {
        self.training = training
        self.seed = seed
    }

    /// The training indices in the order of an epoch (from 0).
    mutating func indices(ofEpoch wanted: Int) -> [Int32] {
        if epoch != wanted {
            order = EpochOrder.shuffle(training, seed: seed, epoch: wanted)
            epoch = wanted
        }
        return order
    }
}
