/// How often a process may be started again: so many times within an hour, after a pause that grows each time.
struct RestartBudget {
    static let windowMilliseconds: UInt64 = 3_600_000
    static let firstPauseMilliseconds: UInt64 = 100
    static let longestPauseMilliseconds: UInt64 = 5000

    let limit: Int
    /// When the restarts of the last hour were granted, in milliseconds.
    private var times: [UInt64] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// Grants one restart, and returns the pause before it in milliseconds; nil when none is left.
    mutating func take(now: UInt64) -> UInt64? {
        times.removeAll { now - $0 >= Self.windowMilliseconds }
        guard times.count < limit else { return nil }
        let pause = times.reduce(Self.firstPauseMilliseconds) { pause, _ in
            min(pause * 2, Self.longestPauseMilliseconds)
        }
        times.append(now)
        return pause
    }
}
