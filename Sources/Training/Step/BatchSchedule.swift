/// The rounds of a training: a pure function of the sample count, batch size and number of epochs.
///
/// A round is one exchange of all workers: a training step, or the validation that ends an epoch. An epoch of n steps
/// has n + 1 rounds, the last of which is the validation. Frames between workers are numbered by rounds; grants count
/// steps.
package struct BatchSchedule: Sendable, Equatable {
    package let sampleCount: Int
    package let batchSize: Int
    package let epochCount: Int

    package init(sampleCount: Int, batchSize: Int, epochCount: Int) {
        precondition(sampleCount > 0 && batchSize > 0 && epochCount > 0, "a schedule needs samples, a batch and epochs")
        self.sampleCount = sampleCount
        self.batchSize = batchSize
        self.epochCount = epochCount
    }

    package var stepsPerEpoch: Int { (sampleCount + batchSize - 1) / batchSize }
    package var roundsPerEpoch: Int { stepsPerEpoch + 1 }
    package var roundCount: Int { roundsPerEpoch * epochCount }

    /// What a round does; `epoch` and `step` count from 0, `step` within its epoch.
    package enum Round: Sendable, Equatable {
        case train(epoch: Int, step: Int)
        case validate(epoch: Int)
    }

    package func round(_ index: Int) -> Round {
        precondition(index >= 0, "rounds count from 0")
        let (epoch, step) = index.quotientAndRemainder(dividingBy: roundsPerEpoch)
        return step == stepsPerEpoch ? .validate(epoch: epoch) : .train(epoch: epoch, step: step)
    }

    /// Training steps finished before a round starts.
    package func completedSteps(before round: Int) -> Int {
        let (epoch, step) = round.quotientAndRemainder(dividingBy: roundsPerEpoch)
        return epoch * stepsPerEpoch + step
    }

    /// Whether an epoch ended just before a round.
    package func isEpochEnd(_ round: Int) -> Bool {
        round > 0 && round % roundsPerEpoch == 0
    }

    /// Positions of a step's batch in the epoch's order; the last batch of an epoch may be smaller.
    package func batch(ofStep step: Int) -> Range<Int> {
        precondition(step >= 0 && step < stepsPerEpoch, "a step within the epoch")
        return step * batchSize..<min((step + 1) * batchSize, sampleCount)
    }
}
