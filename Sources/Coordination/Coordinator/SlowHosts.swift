/// Decides which host the others would be faster without, because of its links.
///
/// The time of a step is compared with what it would be without the host: the other owners compute all micro-batches,
/// and wait for the links between themselves as long as they do now. Both are taken while training goes on.
struct SlowHosts {
    struct Finding: Equatable {
        var host: HostIdentifier
        var stepMicroseconds: UInt64
        /// Of the others without it.
        var aloneMicroseconds: UInt64
        /// Whether too few owners would be left without it.
        var isNeeded: Bool
    }

    /// Windows in a row that have to agree: a short load is no slow link.
    private static let windowCount = 4
    /// With fewer steps a measurement goes on.
    private static let stepCount: UInt64 = 3
    /// A step has to take so much longer, in halves, than without the host: a part of each is no more than estimated.
    private static let halves: UInt64 = 3
    /// How busy a link of the host is at least, in thousandths: otherwise something else takes the time.
    private static let busyThousandths: UInt64 = 250

    private let microBatchCount: Int
    private let minimumOwnerCount: Int
    private var measurement: (since: UInt64, completedSteps: UInt64)?
    /// Windows in a row in which a host was too slow.
    private var windowCounts: [HostIdentifier: Int] = [:]
    /// Hosts that were evicted: their workers stay spares.
    private(set) var evicted: Set<HostIdentifier> = []
    private var needed: Set<HostIdentifier> = []

    init(microBatchCount: Int, minimumOwnerCount: Int) {
        self.microBatchCount = microBatchCount
        self.minimumOwnerCount = max(1, minimumOwnerCount)
    }

    /// The steps until now do not tell how long one takes: an epoch ends, or the membership changes.
    mutating func interrupt() {
        measurement = nil
    }

    /// A worker of a host with slow links was lost by its connection: the host's workers stay spares. Returns whether they
    /// were none before.
    mutating func evict(_ host: HostIdentifier) -> Bool {
        evicted.insert(host).inserted
    }

    /// A window of the links has ended, and so many steps are complete. Returns a host that is to leave; or once, one
    /// that would have to if it were not needed.
    mutating func endWindow(completedSteps: UInt64, hosts: [OwnerHost], links: SlowLinks, now: UInt64) -> Finding? {
        guard let measurement, now > measurement.since, completedSteps >= measurement.completedSteps else {
            measurement = (now, completedSteps)
            return nil
        }
        // The step in flight may be complete at any moment.
        let steps = completedSteps - measurement.completedSteps
        let stepMicroseconds = (now - measurement.since) * 1000 / (steps + 1)
        if steps >= Self.stepCount { self.measurement = (now, completedSteps) }
        let slowest = hosts.compactMap { host in
            cost(of: host, among: hosts, links: links, stepMicroseconds: stepMicroseconds).map { (host, $0) }
        }.min { left, right in
            // Of two hosts that are as slow, the one without the coordinator leaves.
            func order(_ host: OwnerHost, _ finding: Finding) -> (Int, UInt64, UInt64, UInt64) {
                (host.hasCoordinator ? 1 : 0, finding.aloneMicroseconds, host.identifier.high, host.identifier.low)
            }
            return order(left.0, left.1) < order(right.0, right.1)
        }
        guard let finding = slowest?.1 else {
            windowCounts = [:]
            return nil
        }
        let count = windowCounts[finding.host, default: 0] + 1
        windowCounts = [finding.host: count]
        guard count >= Self.windowCount else { return nil }
        if finding.isNeeded { return needed.insert(finding.host).inserted ? finding : nil }
        windowCounts = [:]
        self.measurement = nil
        evicted.insert(finding.host)
        return finding
    }

    /// What a host costs without which a step would take much less; nil for any other.
    private func cost(
        of host: OwnerHost, among hosts: [OwnerHost], links: SlowLinks, stepMicroseconds: UInt64
    ) -> Finding? {
        let times = hosts.filter { $0.identifier != host.identifier }.flatMap(\.microBatchNanoseconds)
        guard let computing = OwnerHost.computingMicroseconds(times, microBatchCount: microBatchCount) else {
            return nil
        }
        let ends = Set(hosts.map(\.identifier))
        let own = links.busyThousandths(among: ends, at: host.identifier)
        let others = links.busyThousandths(among: ends.subtracting([host.identifier]))
        guard own >= Self.busyThousandths, own / 2 >= others else { return nil }
        let alone = computing + stepMicroseconds * others / 1000
        guard stepMicroseconds / Self.halves * 2 >= alone else { return nil }
        return Finding(
            host: host.identifier, stepMicroseconds: stepMicroseconds, aloneMicroseconds: alone,
            isNeeded: times.count < minimumOwnerCount)
    }
}
