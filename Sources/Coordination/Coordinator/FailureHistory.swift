/// What failed so far: repeated failures of one step, the last lost worker, and the interruption that is not over yet.
struct FailureHistory {
    /// A change of membership after which no step is complete yet.
    private struct Interruption {
        var cause: String
        var noticedMilliseconds: UInt64
        var redoneMicroBatches: Int
    }

    /// The same step may fail so often by the workers' own errors.
    static let stepFailureLimit = 3

    /// What happened to the worker that was lost last.
    private(set) var lastLoss: RunFailure?
    private var interruption: Interruption?
    private var failedStep: UInt64 = 0
    private var failureCount = 0

    /// A successor starts with the interruption that its predecessor's end caused. Workers finish their step without a
    /// coordinator, so none is done again.
    init(predecessor: CoordinatorLoss?, now: UInt64) {
        interruption = predecessor.map {
            Interruption(
                cause: $0.reason, noticedMilliseconds: min($0.noticedMilliseconds, now), redoneMicroBatches: 0)
        }
    }

    mutating func noteLoss(_ failure: RunFailure) {
        lastLoss = failure
    }

    /// Counts a failure of the step after `completedSteps`. Returns whether the limit is reached.
    mutating func noteStepFailure(completedSteps: UInt64) -> Bool {
        if completedSteps != failedStep { failureCount = 0 }
        failedStep = completedSteps
        failureCount += 1
        return failureCount >= Self.stepFailureLimit
    }

    /// Training is interrupted. Further causes until it continues belong to the same interruption.
    mutating func beginInterruption(cause: String, redoneMicroBatches: Int, now: UInt64) {
        guard interruption == nil else { return }
        interruption = Interruption(
            cause: cause, noticedMilliseconds: now, redoneMicroBatches: redoneMicroBatches)
    }

    /// The first step after an interruption is complete; returns what the interruption cost, if there was one.
    mutating func endInterruption(generation: UInt64, now: UInt64) -> Recovery? {
        guard let ended = interruption else { return nil }
        interruption = nil
        return Recovery(
            generation: generation, cause: ended.cause, noticedMilliseconds: ended.noticedMilliseconds,
            recoveredMilliseconds: now, redoneMicroBatches: ended.redoneMicroBatches)
    }
}
