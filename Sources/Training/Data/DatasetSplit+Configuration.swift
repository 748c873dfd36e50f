import Datasets
import Experiments

extension DatasetSplit {
    /// The split that an experiment asks for. Throws `DatasetError.shape` when the data have not the samples for it.
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
