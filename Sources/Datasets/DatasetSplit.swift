import Randomness

/// Which samples train and which validate: two lists of sample indexes that hold every sample once.
public struct DatasetSplit: Sendable, Equatable {
    public var training: [Int32]
    public var validation: [Int32]

    public init(training: [Int32], validation: [Int32]) {
        self.training = training
        self.validation = validation
    }

    /// A shuffled split: the last `validationFraction` (0 ..< 1, rounded to whole samples) of a random order validates.
    ///
    /// The order depends on seed and count alone.
    public static func shuffled(count: Int, validationFraction: Double, seed: UInt64) -> DatasetSplit {
        precondition(validationFraction >= 0 && validationFraction < 1, "a validation fraction lies in 0 ..< 1")
        let order = RandomStream(seed: seed, purpose: .split).permutation(count: count)
        let trainingCount = count - Int((Double(count) * validationFraction).rounded())
        return DatasetSplit(training: Array(order[..<trainingCount]), validation: Array(order[trainingCount...]))
    }
}
