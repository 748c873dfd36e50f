/// Which round of the training does what: a pure function of the sample count, batch size and number of epochs.
///
/// A round is one agreement of all workers: a training step, or the validation that ends an epoch. An epoch of n steps
/// has n + 1 rounds, the last of which is the validation. Frames between workers are numbered by rounds, grants count steps.
public struct BatchSchedule: Sendable, Equatable {
    public let sampleCount: Int
    public let batchSize: Int
    public let epochCount: Int

    public init(sampleCount: Int, batchSize: Int, epochCount: Int) {
        precondition(sampleCount > 0 && batchSize > 0 && epochCount > 0, "a schedule needs samples, a batch and epochs")
        self.sampleCount = sampleCount
        self.batchSize = batchSize
        self.epochCount = epochCount
    }

    public var stepsPerEpoch: Int { (sampleCount + batchSize - 1) / batchSize }
    public var roundsPerEpoch: Int { stepsPerEpoch + 1 }
    public var roundCount: Int { roundsPerEpoch * epochCount }

    /// What a round does; `epoch` and `step` count from 0, `step` within its epoch.
    public enum Round: Sendable, Equatable {
        case train(epoch: Int, step: Int)
        case validate(epoch: Int)
    }

    public func round(_ index: Int) -> Round {
        precondition(index >= 0, "rounds count from 0")
        let (epoch, step) = index.quotientAndRemainder(dividingBy: roundsPerEpoch)
        return step == stepsPerEpoch ? .validate(epoch: epoch) : .train(epoch: epoch, step: step)
    }

    /// Training steps finished before a round begins.
    public func completedSteps(before round: Int) -> Int {
        let (epoch, step) = round.quotientAndRemainder(dividingBy: roundsPerEpoch)
        return epoch * stepsPerEpoch + step
    }

    /// Whether an epoch has just ended before a round begins.
    public func isEpochEnd(_ round: Int) -> Bool {
        round > 0 && round % roundsPerEpoch == 0
    }

    /// Positions of a step's batch in the epoch's order; the last batch of an epoch may be smaller.
    public func batch(ofStep step: Int) -> Range<Int> {
        precondition(step >= 0 && step < stepsPerEpoch, "a step within the epoch")
        return step * batchSize..<min((step + 1) * batchSize, sampleCount)
    }
}
