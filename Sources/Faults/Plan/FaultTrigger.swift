/// When a fault strikes.
package enum FaultTrigger: Sendable, Hashable {
    /// The `occurrence`-th time (from 1) that the process reaches the failpoint at this step or a later one.
    ///
    /// Steps count from 1. Without a step every time counts; without a point, a worker's is `computing` and
    /// the coordinator's any.
    case reached(Failpoint?, step: UInt64?, occurrence: Int)
    /// So long after the first step of the run began.
    case after(milliseconds: Int)

    /// Whether reaching a failpoint of `target` counts.
    func matches(_ point: Failpoint, step: UInt64, of target: FaultTarget) -> Bool {
        guard case .reached(let wanted, let first, _) = self else { return false }
        let place = wanted ?? (target == .coordinator ? nil : .computing)
        return (place ?? point) == point && step >= first ?? 0
    }
}
