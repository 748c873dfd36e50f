/// The owners of one host, and what each needs to compute: for comparing the time of a step with and without a host.
struct OwnerHost: Equatable {
    let identifier: HostIdentifier
    let name: String
    /// Whether the coordinator is there.
    var hasCoordinator = false
    /// What each takes for a micro-batch; 0 is unknown.
    var microBatchNanoseconds: [UInt64] = []

    /// Those of some owners, by name.
    static func all(of owners: [Int], in roster: Roster) -> [OwnerHost] {
        var hosts: [HostIdentifier: OwnerHost] = [:]
        for owner in owners {
            let record = roster[owner]
            let identifier = record.hello.hostIdentifier
            var host = hosts[identifier] ?? OwnerHost(identifier: identifier, name: record.hello.host)
            host.microBatchNanoseconds.append(record.progress.microBatchNanoseconds)
            if record.isLocal { host.hasCoordinator = true }
            hosts[identifier] = host
        }
        return hosts.values.sorted { $0.name < $1.name }
    }

    /// What owners with these times would take to compute all micro-batches of a step; nil where a time is unknown.
    static func computingMicroseconds(_ microBatchNanoseconds: [UInt64], microBatchCount: Int) -> UInt64? {
        guard let slowest = microBatchNanoseconds.max(), !microBatchNanoseconds.contains(0) else { return nil }
        let count = UInt64((microBatchCount + microBatchNanoseconds.count - 1) / microBatchNanoseconds.count)
        let (product, isTooLong) = slowest.multipliedReportingOverflow(by: count)
        return isTooLong ? nil : product / 1000
    }
}
