/// Finds out whether several hosts train more slowly than one of them would alone, because of the network between them.
///
/// The time of a step is compared with the time in which the workers of one host would compute all micro-batches of it,
/// from their own measurements. Both are taken while training goes on; an epoch's end is left out.
struct NetworkCost {
    struct Finding: Equatable {
        var hostCount: Int
        var stepMicroseconds: UInt64
        /// The host that would be fastest alone.
        var host: String
        var aloneMicroseconds: UInt64
    }

    private struct Window {
        var generation: UInt64
        var completedSteps: UInt64
        var since: UInt64
    }

    private static let windowMilliseconds: UInt64 = 2000
    private static let windowStepCount: UInt64 = 5
    /// Windows in a row that have to agree: a short load is no slow network.
    private static let windowCount = 3
    /// A step has to take so much longer, in quarters: measurements of two kinds are compared.
    private static let quarters: UInt64 = 5

    private let microBatchCount: Int
    private var window: Window?
    private var slowWindowCount = 0
    /// Numbers of hosts that were reported.
    private var reported: Set<Int> = []

    init(microBatchCount: Int) {
        self.microBatchCount = microBatchCount
    }

    /// An epoch ends, or training is interrupted: the steps until now are not compared.
    mutating func interrupt() {
        window = nil
    }

    /// So many steps are complete in a view with these hosts, which are looked at when a window is over. Returns a
    /// finding once for each number of hosts.
    mutating func note(
        completedSteps: UInt64, generation: UInt64, hosts: @autoclosure () -> [OwnerHost], now: UInt64
    ) -> Finding? {
        guard let window, window.generation == generation, completedSteps >= window.completedSteps else {
            if window?.generation != generation { slowWindowCount = 0 }
            window = Window(generation: generation, completedSteps: completedSteps, since: now)
            return nil
        }
        let steps = completedSteps - window.completedSteps
        guard now >= window.since + Self.windowMilliseconds, steps >= Self.windowStepCount else { return nil }
        self.window = Window(generation: generation, completedSteps: completedSteps, since: now)
        let hosts = hosts()
        guard hosts.count > 1, !reported.contains(hosts.count) else { return nil }
        let stepMicroseconds = (now - window.since) * 1000 / steps
        let alone = hosts.compactMap { host in
            OwnerHost.computingMicroseconds(host.microBatchNanoseconds, microBatchCount: microBatchCount)
                .map { (name: host.name, microseconds: $0) }
        }.min { $0.microseconds < $1.microseconds }
        guard let alone, stepMicroseconds > alone.microseconds / 4 * Self.quarters else {
            slowWindowCount = 0
            return nil
        }
        slowWindowCount += 1
        guard slowWindowCount >= Self.windowCount else { return nil }
        reported.insert(hosts.count)
        return Finding(
            hostCount: hosts.count, stepMicroseconds: stepMicroseconds, host: alone.name,
            aloneMicroseconds: alone.microseconds)
    }
}
