/// The deadline for progress across generations: views that follow one another without a complete step end the run.
///
/// Each wait within a generation has a deadline of its own. This one finds runs that go from one failed generation to
/// the next.
struct ProgressDeadline {
    /// What kept the run from completing a step.
    struct Finding: Equatable {
        var milliseconds: UInt64
        /// Views since the last complete step.
        var viewCount: Int
        /// The worker or link that failed most often, how often, and what happened to it the last time.
        var worst: (subject: String, count: Int, cause: String)?

        static func == (left: Finding, right: Finding) -> Bool {
            left.milliseconds == right.milliseconds && left.viewCount == right.viewCount
                && left.worst?.subject == right.worst?.subject && left.worst?.count == right.worst?.count
        }
    }

    /// Fewer views than this are no sign of an endless repetition.
    private static let leastViewCount = 3
    /// Subjects that are counted at a time.
    private static let subjectLimit = 1024

    private let milliseconds: UInt64
    private var completedSteps: UInt64 = 0
    private var since: UInt64
    private var lastTick: UInt64
    private var viewCount = 0
    private var failures: [String: (count: Int, cause: String)] = [:]

    init(milliseconds: UInt64, now: UInt64) {
        self.milliseconds = milliseconds
        since = now
        lastTick = now
    }

    /// Time passed. Time in which the run waits for workers to join does not count: that wait has its own deadline.
    mutating func tick(waitsForWorkers: Bool, now: UInt64) {
        if waitsForWorkers { since += now - min(now, lastTick) }
        lastTick = now
    }

    /// Every owner has completed so many steps.
    mutating func note(completedSteps steps: UInt64, now: UInt64) {
        guard steps > completedSteps else { return }
        completedSteps = steps
        since = now
        viewCount = 0
        failures = [:]
    }

    mutating func noteView() {
        viewCount += 1
    }

    /// A worker was lost, or a link broke.
    mutating func noteFailure(of subject: String, _ cause: String) {
        guard failures.count < Self.subjectLimit || failures[subject] != nil else { return }
        failures[subject] = ((failures[subject]?.count ?? 0) + 1, cause)
    }

    /// What ends the run; nil while the deadline is not over.
    func finding(now: UInt64) -> Finding? {
        guard viewCount >= Self.leastViewCount, now >= since + milliseconds else { return nil }
        let worst = failures.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }
        return Finding(
            milliseconds: now - since, viewCount: viewCount,
            worst: worst.map { (subject: $0.key, count: $0.value.count, cause: $0.value.cause) })
    }
}
