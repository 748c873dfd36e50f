/// Finds slow links between hosts, from what the kernels at both ends have counted.
///
/// Links are judged in windows of a second. A link is reported when it was slow in three windows in a row in which
/// something was reported of it: the loss of a moment is normal.
struct SlowLinks {
    /// From one host to another.
    struct Link: Hashable {
        /// Nil is the coordinator.
        var from: HostIdentifier?
        var to: HostIdentifier
    }

    /// Identifiers of the workers at the ends of a connection; nil is the coordinator.
    struct Ends: Hashable {
        var from: UInt32?
        var to: UInt32
    }

    /// What a link carried in some windows.
    struct Use: Equatable {
        private(set) var milliseconds: UInt64 = 0
        private(set) var sentSegmentCount: UInt64 = 0
        private(set) var lostSegmentCount: UInt64 = 0
        private(set) var acknowledgedByteCount: UInt64 = 0
        private(set) var busyMicroseconds: UInt64 = 0
        /// The longest.
        private(set) var roundTripMicroseconds: UInt64 = 0
        private(set) var reportCount = 0
    }

    /// A slow link, with what its busiest connection carried in the windows that were judged.
    struct Finding: Equatable {
        var link: Link
        var ends: Ends
        var use: Use
    }

    private struct Record {
        /// What the connections carried in the window that has not ended.
        var current: [Ends: Use] = [:]
        /// What the busiest one carried in the last windows in which something was reported.
        var recent: [(ends: Ends, use: Use)] = []
        var slowWindowCount = 0
        /// Windows since then.
        var silentWindowCount = 0
    }

    private static let windowMilliseconds: UInt64 = 1000
    /// Slow windows in a row that make a link slow.
    private static let windowCount = 3
    /// Windows without a report after which nothing is known of a link.
    private static let silentWindowLimit = 10
    /// Reports of one connection that count in a window, so that sums cannot overflow; and connections of one link.
    private static let reportLimit = 4
    private static let connectionLimit = 64

    private var records: [Link: Record] = [:]
    private var windowBegin: UInt64
    /// Hosts whose links were reported.
    private(set) var reported: Set<HostIdentifier> = []

    init(now: UInt64) {
        windowBegin = now
    }

    /// Something was reported of a connection. Links within a host do not count.
    mutating func note(_ use: LinkUse, on link: Link, between ends: Ends) {
        guard link.from != link.to else { return }
        var record = records[link] ?? Record()
        var sum = record.current[ends] ?? Use()
        guard sum.reportCount < Self.reportLimit, record.current.count < Self.connectionLimit else { return }
        sum.add(use)
        record.current[ends] = sum
        records[link] = record
    }

    /// Ends a window when its time is over. Returns whether it did: then the findings may have changed.
    mutating func endWindow(now: UInt64) -> Bool {
        guard now >= windowBegin + Self.windowMilliseconds else { return false }
        windowBegin = now
        for (link, record) in records {
            var record = record
            if let busiest = record.current.max(by: { $0.value.order(of: $0.key) < $1.value.order(of: $1.key) }) {
                record.slowWindowCount = busiest.value.isSlow ? record.slowWindowCount + 1 : 0
                record.recent = record.recent.suffix(Self.windowCount - 1) + [(ends: busiest.key, use: busiest.value)]
                (record.current, record.silentWindowCount) = ([:], 0)
            } else {
                record.silentWindowCount += 1
            }
            records[link] = record.silentWindowCount < Self.silentWindowLimit ? record : nil
        }
        return true
    }

    /// The worst slow link that was not reported; one for each host that slow links have in common.
    mutating func nextFinding() -> Finding? {
        let slow = records.filter { $0.value.slowWindowCount >= Self.windowCount }
        let findings = slow.compactMap { link, record in
            record.recent.last.map { Finding(link: link, ends: $0.ends, use: Use(sum: record.recent.map(\.use))) }
        }.filter { $0.link.hosts.allSatisfy { !reported.contains($0) } }
        guard let worst = findings.min(by: { $0.order < $1.order }) else { return nil }
        func count(_ host: HostIdentifier) -> Int { slow.keys.count { $0.hosts.contains(host) } }
        let hosts = worst.link.hosts
        reported.insert(hosts.dropFirst().reduce(hosts[0]) { count($1) > count($0) ? $1 : $0 })
        return worst
    }

    /// How busy the busiest link between these hosts is, in thousandths of the time: of all links, or of those from and
    /// to one host.
    func busyThousandths(among hosts: Set<HostIdentifier>, at host: HostIdentifier? = nil) -> UInt64 {
        records.compactMap { link, record in
            guard let from = link.from, hosts.contains(from), hosts.contains(link.to),
                host == nil || host == from || host == link.to
            else { return nil }
            return record.recent.last?.use.busyThousandths
        }.max() ?? 0
    }
}

extension SlowLinks.Link {
    /// Those of the workers, the receiver's first.
    fileprivate var hosts: [HostIdentifier] { [to] + (from.map { [$0] } ?? []) }
}

extension SlowLinks.Finding {
    /// The link that loses most first; ties are settled by identifiers, which differ.
    fileprivate var order: (Int64, UInt32, UInt32) { (-Int64(use.lostThousandths), ends.from ?? 0, ends.to) }
}

extension SlowLinks.Use {
    /// Losses of less are normal where a network is busy.
    private static let lostThousandthsLimit: UInt64 = 20
    private static let roundTripLimitMicroseconds: UInt64 = 5000
    /// Megabits a second.
    private static let throughputLimit: UInt64 = 500
    /// Acknowledgements of a few short messages are delayed on any link: how fast it is does not show.
    private static let shownByteCount: UInt64 = 32_768

    init(sum uses: [SlowLinks.Use]) {
        for use in uses {
            milliseconds += use.milliseconds
            sentSegmentCount += use.sentSegmentCount
            lostSegmentCount += use.lostSegmentCount
            acknowledgedByteCount += use.acknowledgedByteCount
            busyMicroseconds += use.busyMicroseconds
            roundTripMicroseconds = max(roundTripMicroseconds, use.roundTripMicroseconds)
            reportCount += use.reportCount
        }
    }

    fileprivate mutating func add(_ use: LinkUse) {
        milliseconds += UInt64(use.milliseconds)
        sentSegmentCount += UInt64(use.sentSegmentCount)
        lostSegmentCount += UInt64(use.lostSegmentCount)
        acknowledgedByteCount += use.acknowledgedByteCount
        busyMicroseconds += UInt64(use.busyMicroseconds)
        roundTripMicroseconds = max(roundTripMicroseconds, UInt64(use.roundTripMicroseconds))
        reportCount += 1
    }

    /// The busiest last; ties are settled by identifiers, which differ.
    fileprivate func order(of ends: SlowLinks.Ends) -> (UInt64, UInt64, UInt32, UInt32) {
        (busyThousandths, lostSegmentCount, ends.from ?? 0, ends.to)
    }

    var lostThousandths: UInt64 { sentSegmentCount > 0 ? lostSegmentCount * 1000 / sentSegmentCount : 0 }

    var busyThousandths: UInt64 { milliseconds > 0 ? busyMicroseconds / milliseconds : 0 }

    /// Megabits a second while data were on their way; nil where none arrived.
    var throughput: Double? {
        guard acknowledgedByteCount > 0, busyMicroseconds > 0 else { return nil }
        return Double(acknowledgedByteCount) * 8 / Double(busyMicroseconds)
    }

    /// It loses segments; or nothing arrives of what was sent; or it is busy, and narrow and far.
    fileprivate var isSlow: Bool {
        if lostSegmentCount >= 2, lostThousandths >= Self.lostThousandthsLimit { return true }
        if acknowledgedByteCount == 0 { return busyThousandths >= 900 }
        return busyThousandths >= 500 && roundTripMicroseconds >= Self.roundTripLimitMicroseconds
            && acknowledgedByteCount >= Self.shownByteCount
            && throughput.map { $0 < Double(Self.throughputLimit) } ?? false
    }
}

extension SlowLinks.Finding {
    /// "in 3.0 s 12.4 % of 214 segments were lost, a round trip takes 40.2 ms, and 1.3 Mbit/s get through"
    var figures: String {
        let rate = use.throughput.map { "\(DecimalText.of($0)) Mbit/s get through" } ?? "nothing gets through"
        let (seconds, lost) = (Double(use.milliseconds) / 1000, Double(use.lostThousandths) / 10)
        return "in \(DecimalText.of(seconds)) s \(DecimalText.of(lost)) % of \(use.sentSegmentCount) segments were lost"
            + ", a round trip takes \(DecimalText.milliseconds(use.roundTripMicroseconds)) ms, and \(rate)"
    }
}

/// Numbers in lines of the log.
enum DecimalText {
    /// A time in milliseconds.
    static func milliseconds(_ microseconds: UInt64) -> String { of(Double(microseconds) / 1000) }

    /// With one decimal; of a number that is finite and not negative.
    static func of(_ number: Double) -> String {
        let tenths = UInt64((number * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
