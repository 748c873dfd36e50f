/// Keeps the step limit about a second of steps ahead of the slowest worker.
///
/// The window starts at 2 steps and at most doubles with each measurement, so that a run of 1,000 steps a second is at
/// full stride after ten extensions, and one of 10 seconds a step never waits for more than 2 steps at a stop.
struct GrantPace {
    static let smallestWindow: UInt64 = 2
    static let largestWindow: UInt64 = 100_000

    private let aheadMilliseconds: UInt64
    private(set) var stepLimit: UInt64
    private var window = Self.smallestWindow
    private var measuredSteps: UInt64
    private var measuredAt: UInt64 = 0
    /// When the first grant of the view was given.
    private(set) var startedAt: UInt64 = 0

    init(completedSteps: UInt64, timing: CoordinatorTiming) {
        aheadMilliseconds = timing.grantAheadMilliseconds
        stepLimit = completedSteps
        measuredSteps = completedSteps
    }

    /// The first grant of a view.
    mutating func start(completedSteps: UInt64, now: UInt64) {
        window = Self.smallestWindow
        stepLimit = max(stepLimit, completedSteps + window)
        measuredSteps = completedSteps
        measuredAt = now
        startedAt = now
    }

    /// Steps that a heartbeat may be behind: half of what is granted at a time.
    var lag: UInt64 { max(1, window / 2) }

    /// A new limit, when all workers have completed enough steps to be worth one.
    mutating func advance(completedSteps: UInt64, now: UInt64) -> UInt64? {
        measure(completedSteps: completedSteps, now: now)
        let limit = completedSteps + window
        guard limit >= stepLimit + max(1, window / 4) else { return nil }
        stepLimit = limit
        return limit
    }

    private mutating func measure(completedSteps: UInt64, now: UInt64) {
        let steps = completedSteps - min(completedSteps, measuredSteps)
        let elapsed = max(1, now - min(now, measuredAt))
        guard steps > 0, elapsed >= 100 || steps >= (window + 1) / 2 else { return }
        let target = min(max(steps.multipliedSaturating(by: aheadMilliseconds) / elapsed, 2), Self.largestWindow)
        window = target >= window ? min(target, window * 2) : max(Self.smallestWindow, (window + target) / 2)
        measuredSteps = completedSteps
        measuredAt = now
    }
}

extension UInt64 {
    fileprivate func multipliedSaturating(by other: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
