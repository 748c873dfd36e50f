import Core

/// Which samples train and which validate: two lists of sample indexes that share none.
package struct DatasetSplit: Sendable, Equatable {
    package var training: [Int32]
    package var validation: [Int32]

    package init(training: [Int32], validation: [Int32]) {
        self.training = training
        self.validation = validation
    }

    /// A shuffled split: the last `validationFraction` (0 ..< 1, rounded to whole samples) of a random order validates.
    ///
    /// The order depends on seed and count alone.
    package static func shuffled(count: Int, validationFraction: Double, seed: UInt64) -> DatasetSplit {
        precondition(validationFraction >= 0 && validationFraction < 1, "a validation fraction lies in 0 ..< 1")
        let order = RandomStream(seed: seed, purpose: .split).permutation(count: count)
        let trainingCount = count - Int((Double(count) * validationFraction).rounded())
        return DatasetSplit(training: Array(order[..<trainingCount]), validation: Array(order[trainingCount...]))
    }

    /// The same split of the samples of a range instead of `0..<count`.
    package static func shuffled(_ samples: Range<Int>, validationFraction: Double, seed: UInt64) -> DatasetSplit {
        var split = shuffled(count: samples.count, validationFraction: validationFraction, seed: seed)
        let offset = Int32(samples.lowerBound)
        for index in split.training.indices { split.training[index] += offset }
        for index in split.validation.indices { split.validation[index] += offset }
        return split
    }

    /// The last `validationFraction` (0 ..< 1, rounded to whole samples) of a range validates.
    package static func last(_ samples: Range<Int>, validationFraction: Double) -> DatasetSplit {
        precondition(validationFraction >= 0 && validationFraction < 1, "a validation fraction lies in 0 ..< 1")
        let validationCount = Int((Double(samples.count) * validationFraction).rounded())
        return ranges(training: samples, validation: samples.upperBound - validationCount..<samples.upperBound)
    }

    /// The samples of one range validate, those of the other that are not among them train.
    package static func ranges(training: Range<Int>, validation: Range<Int>) -> DatasetSplit {
        DatasetSplit(
            training: training.filter { !validation.contains($0) }.map { Int32($0) },
            validation: validation.map { Int32($0) })
    }
}

/// The order in which an epoch visits its samples.
package enum EpochOrder {
    /// A random order of `indices`, different in each epoch and independent of the order of other epochs.
    package static func shuffle(_ indices: [Int32], seed: UInt64, epoch: Int) -> [Int32] {
        guard let step = UInt32(exactly: epoch) else { preconditionFailure("epoch \(epoch) is not a 32-bit number") }
        let stream = RandomStream(seed: seed, purpose: .epochOrder, step: step)
        return stream.permutation(count: indices.count).map { indices[Int($0)] }
    }
}
