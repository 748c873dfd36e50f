import Core

/// Limits of an experiment's values in files and flags.
enum ExperimentLimits {
    static let batchSize = 1...1_048_576
    static let epochs = 1...100_000
    static let microBatchCount = 1...1024
    static let layers = 1...1000
    static let imageExtent = 1...65_536
    static let channels = 1...4096

    static let microBatchExpectation = "a power of two from 1 to 1024"

    static func isMicroBatchCount(_ count: Int) -> Bool {
        microBatchCount.contains(count) && count & (count - 1) == 0
    }
}

extension Experiment {
    /// The experiment with some values replaced, as flags do.
    ///
    /// - Throws: `ExperimentError` when a value is beyond the limits of a file.
    package func replacing(
        epochs: Int? = nil, batchSize: Int? = nil, microBatchCount: Int? = nil, seed: UInt64? = nil
    ) throws(ExperimentError) -> Experiment {
        var result = self
        if let epochs {
            result.epochs = try checked(epochs, "epochs", ExperimentLimits.epochs)
        }
        if let batchSize {
            result.batchSize = try checked(batchSize, "batch_size", ExperimentLimits.batchSize)
        }
        if let microBatchCount {
            guard ExperimentLimits.isMicroBatchCount(microBatchCount) else {
                throw outOfRange("micro_batches", ExperimentLimits.microBatchExpectation, microBatchCount)
            }
            result.microBatchCount = microBatchCount
        }
        if let seed { result.seed = seed }
        return result
    }

    private func checked(_ value: Int, _ key: String, _ range: ClosedRange<Int>) throws(ExperimentError) -> Int {
        guard range.contains(value) else {
            throw outOfRange(key, "\(range.lowerBound) to \(range.upperBound)", value)
        }
        return value
    }

    private func outOfRange(_ key: String, _ expected: String, _ value: Int) -> ExperimentError {
        ExperimentError(
            source: name, key: key, problem: .setting(.outOfRange(expected: expected, found: String(value))))
    }
}
