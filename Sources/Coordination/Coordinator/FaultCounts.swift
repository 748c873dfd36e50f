/// How often workers failed at the same step by their own doing.
struct FaultCounts {
    static let limit = 3

    private var completedSteps: UInt64 = 0
    private var count = 0

    /// Counts a failure; returns whether it is the last that the same step is allowed.
    mutating func add(afterStep steps: UInt64) -> Bool {
        if steps != completedSteps { count = 0 }
        completedSteps = steps
        count += 1
        return count >= Self.limit
    }
}
