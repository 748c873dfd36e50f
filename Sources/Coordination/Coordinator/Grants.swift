/// How far workers may go: the limit of steps, the boundary at which the membership changes, and a requested stop.
struct Grants {
    /// A signal asked the run to stop once so many steps are complete.
    struct Stop: Equatable {
        var signal: Int32
        var stepLimit: UInt64
    }

    /// A grant that is not extended, so that the membership changes at its end and no step is done twice.
    private struct Boundary {
        /// When all owners had reached it.
        var reachedMilliseconds: UInt64?
    }

    /// How long learners may be behind the owners at a boundary before it is left without them.
    private static let learnerPatienceMilliseconds: UInt64 = 300

    private var pace: GrantPace
    private var boundary: Boundary?
    private(set) var stop: Stop?

    init(completedSteps: UInt64, timing: CoordinatorTiming) {
        pace = GrantPace(completedSteps: completedSteps, timing: timing)
    }

    /// Steps below it have been granted; no state can be further.
    var stepLimit: UInt64 { pace.stepLimit }

    /// When the first grant of the view was given.
    var startedMilliseconds: UInt64 { pace.startedMilliseconds }

    /// By how many steps a heartbeat may be outdated.
    var lag: UInt64 { pace.lag }

    /// What members receive while they train: how far to go, and whether to end there.
    func order(generation: UInt64, records: Records) -> CoordinatorMessage {
        let limit = stop?.stepLimit ?? pace.stepLimit
        let grant = Grant(generation: generation, stepLimit: limit, records: records)
        return stop == nil ? .grant(grant) : .stop(grant)
    }

    /// The first grant of a view. A stop is not before the view's position.
    mutating func start(completedSteps: UInt64, now: UInt64) {
        pace.start(completedSteps: completedSteps, now: now)
        if let stop { self.stop?.stepLimit = max(stop.stepLimit, completedSteps) }
    }

    /// Extends the grant when all owners have completed enough steps; returns whether it did.
    mutating func extend(completedSteps: UInt64, now: UInt64) -> Bool {
        guard stop == nil, boundary == nil else { return false }
        return pace.advance(completedSteps: completedSteps, now: now)
    }

    // MARK: Boundaries

    var hasBoundary: Bool { boundary != nil }

    mutating func announceBoundary() {
        boundary = boundary ?? Boundary()
    }

    mutating func cancelBoundary() {
        boundary = nil
    }

    /// Whether the boundary is reached: by all owners, and by the learners unless they take too long.
    mutating func isBoundaryReached(owners: [Progress], learners: [Progress], now: UInt64) -> Bool {
        func isThere(_ progress: Progress) -> Bool { progress.completedSteps >= stepLimit }
        guard let boundary, owners.allSatisfy(isThere) else { return false }
        let reached = boundary.reachedMilliseconds ?? now
        self.boundary = Boundary(reachedMilliseconds: reached)
        return learners.allSatisfy(isThere) || now >= reached + Self.learnerPatienceMilliseconds
    }

    // MARK: Stopping

    /// Workers stop at the end of what is granted; a boundary is no longer needed. Returns that limit.
    mutating func requestStop(signal: Int32) -> UInt64 {
        stop = Stop(signal: signal, stepLimit: pace.stepLimit)
        boundary = nil
        return pace.stepLimit
    }
}

/// Keeps the step limit about `grantAheadMilliseconds` of steps ahead of the slowest owner.
///
/// The window starts at 2 steps and at most doubles with each measurement. So a run of 1,000 steps a second reaches its
/// full window after ten extensions, and a run of 10 seconds a step never waits for more than 2 steps at a stop.
struct GrantPace {
    static let smallestWindow: UInt64 = 2
    static let largestWindow: UInt64 = 100_000
    /// A measurement over fewer milliseconds than this needs half a window of steps.
    private static let measurementMilliseconds: UInt64 = 100

    private let aheadMilliseconds: UInt64
    private(set) var stepLimit: UInt64
    private(set) var startedMilliseconds: UInt64 = 0
    private var window = Self.smallestWindow
    private var measuredSteps: UInt64
    private var measuredMilliseconds: UInt64 = 0

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
        measuredMilliseconds = now
        startedMilliseconds = now
    }

    /// Half of what is granted at a time, in steps.
    var lag: UInt64 { max(1, window / 2) }

    /// Raises the limit when all owners have completed enough steps for the raise to be worth a message.
    mutating func advance(completedSteps: UInt64, now: UInt64) -> Bool {
        measure(completedSteps: completedSteps, now: now)
        let limit = completedSteps + window
        guard limit >= stepLimit + max(1, window / 4) else { return false }
        stepLimit = limit
        return true
    }

    private mutating func measure(completedSteps: UInt64, now: UInt64) {
        let steps = completedSteps - min(completedSteps, measuredSteps)
        let elapsed = max(1, now - min(now, measuredMilliseconds))
        guard steps > 0, elapsed >= Self.measurementMilliseconds || steps >= (window + 1) / 2 else { return }
        let (product, overflow) = steps.multipliedReportingOverflow(by: aheadMilliseconds)
        let target = min(max((overflow ? .max : product) / elapsed, 2), Self.largestWindow)
        window = target >= window ? min(target, window * 2) : max(Self.smallestWindow, (window + target) / 2)
        measuredSteps = completedSteps
        measuredMilliseconds = now
    }
}
