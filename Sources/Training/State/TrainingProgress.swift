package import Runs

/// How far training is, and what it has counted: the part of the replicated state that is not tensors.
package struct TrainingProgress: Sendable, Equatable {
    /// Rounds finished (`BatchSchedule`).
    package var round = 0
    /// The current epoch's sum of losses, added up step by step.
    package var lossSum: Double = 0
    package var correctCount = 0
    package var sampleCount = 0
    /// The rows of all finished epochs.
    package var rows: [EpochRow] = []

    package init() {}

    mutating func add(_ totals: MicroBatchStatistics) {
        lossSum += totals.lossSum
        correctCount += totals.correctCount
        sampleCount += totals.sampleCount
    }

    /// Derives the epoch's row from the running sums and the validation's, and clears the sums.
    mutating func endEpoch(epoch: Int, step: Int, validation: MicroBatchStatistics?, learningRate: Float) -> EpochRow {
        let row = EpochRow(
            epoch: epoch + 1, step: step,
            loss: lossSum / Double(sampleCount), accuracy: Double(correctCount) / Double(sampleCount),
            validationLoss: validation.map { $0.lossSum / Double($0.sampleCount) },
            validationAccuracy: validation.map { Double($0.correctCount) / Double($0.sampleCount) },
            learningRate: learningRate)
        rows.append(row)
        lossSum = 0
        correctCount = 0
        sampleCount = 0
        return row
    }
}
