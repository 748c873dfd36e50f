/// What failed so far: repeated failures of one step, the last lost worker, and the interruption that is not over yet.
struct FailureHistory {
    /// A change of membership after which no step is complete yet.
    private struct Interruption {
        var cause: String
        var lastStepMilliseconds: UInt64?
        var noticedMilliseconds: UInt64
        var redoneMicroBatches: Int
    }

    /// The same step may fail so often by the workers' own errors.
    static let stepFailureLimit = 3

    /// What happened to the worker that was lost last.
    private(set) var lastLoss: RunFailure?
    /// The child that ended last before it joined, and how.
    private(set) var lastUnjoinedChild: String?
    private var interruption: Interruption?
    private var failedStep: UInt64 = 0
    private var failureCount = 0
    private var completedSteps: UInt64 = 0
    /// When a step was last reported complete, to this coordinator or the one before it.
    private var lastStepMilliseconds: UInt64?

    /// A successor starts with the interruption that its predecessor's end caused. Workers finish their step without a
    /// coordinator, so none is done again. `lastStepMilliseconds` is when the predecessor recorded last.
    init(predecessor: CoordinatorLoss?, lastStepMilliseconds: UInt64? = nil, now: UInt64) {
        self.lastStepMilliseconds = lastStepMilliseconds.map { min($0, now) }
        if let predecessor {
            beginInterruption(
                cause: predecessor.reason, redoneMicroBatches: 0, now: min(predecessor.noticedMilliseconds, now))
        }
    }

    /// The first step of a view, or a later one, is complete.
    mutating func noteCompletedSteps(_ completedSteps: UInt64, now: UInt64) {
        guard completedSteps > self.completedSteps else { return }
        self.completedSteps = completedSteps
        lastStepMilliseconds = now
    }

    mutating func noteUnjoinedChild(_ text: String) {
        lastUnjoinedChild = text
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
            cause: cause, lastStepMilliseconds: lastStepMilliseconds.map { min($0, now) },
            noticedMilliseconds: now, redoneMicroBatches: redoneMicroBatches)
    }

    /// The first step after an interruption is complete; returns what the interruption cost, if there was one.
    mutating func endInterruption(generation: UInt64, now: UInt64) -> Recovery? {
        guard let ended = interruption else { return nil }
        interruption = nil
        return Recovery(
            generation: generation, cause: ended.cause, lastStepMilliseconds: ended.lastStepMilliseconds,
            noticedMilliseconds: ended.noticedMilliseconds,
            recoveredMilliseconds: now, redoneMicroBatches: ended.redoneMicroBatches)
    }
}
