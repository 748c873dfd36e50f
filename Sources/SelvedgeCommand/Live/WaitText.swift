import Runs

/// The hosts of a run, and which workers wait for which: lines for people, from the run's status.
struct WaitText {
    /// A worker that has sent nothing for longer is named. Heartbeats come four times a second.
    private static let silentMilliseconds = 1500
    /// Shares of a step that differ by less are equal: they are measured.
    private static let shareTolerance = 0.1
    private static let listedCount = 8

    private let status: RunStatus

    init(_ status: RunStatus) {
        self.status = status
    }

    /// One line for the hosts where there are several, and one for the waits if there are any.
    var lines: [String] { [hosts, waits].compactMap(\.self) }

    /// Such as `hosts: host1 (2 workers, 4 micro-batches), host2 (1 worker, 4 micro-batches)`.
    private var hosts: String? {
        var names: [String] = []
        for worker in status.workers where !names.contains(worker.host) { names.append(worker.host) }
        guard names.count > 1 else { return nil }
        let texts = names.prefix(Self.listedCount).map { name in
            let workers = status.workers.filter { $0.host == name }
            let microBatches = workers.reduce(0) { $0 + $1.microBatches }
            let share = microBatches == 1 ? "1 micro-batch" : "\(microBatches) micro-batches"
            return "\(name) (\(Figures.counted(workers.count, "worker")), \(share))"
        }
        return "hosts: \(texts.joined(separator: ", "))" + Self.rest(of: names.count)
    }

    private var waits: String? {
        guard !status.isOver else { return nil }
        let silent = status.workers.filter { $0.silentMilliseconds > Self.silentMilliseconds }
        if !silent.isEmpty {
            return "all wait for "
                + Self.list(silent) { "\($0.name) on \($0.host), silent for \($0.silentMilliseconds / 1000) s" }
        }
        let owners = status.workers.filter { $0.rank != nil && $0.microBatches > 0 }
        if owners.isEmpty {
            return status.workers.isEmpty
                ? nil : "all wait for " + Self.list(status.workers) { "\($0.name) on \($0.host), \($0.phase)" }
        }
        return slowest(of: owners)
    }

    /// A step ends when every owner has computed, so that all wait for the one that computes longest.
    private func slowest(of owners: [RunStatus.Worker]) -> String? {
        let shares = owners.compactMap { worker in worker.computeShare.map { (worker, share: $0) } }
        guard shares.count == owners.count, let slowest = shares.max(by: { $0.share < $1.share }) else { return nil }
        let others = shares.filter { $0.share < slowest.share - Self.shareTolerance }
        guard !others.isEmpty else { return nil }
        return
            "waiting for \(slowest.0.name) on \(slowest.0.host), which computes \(Self.percent(slowest.share)) of a step: "
            + Self.list(others) { "\($0.0.name) (\(Self.percent(slowest.share - $0.share)) of a step)" }
    }

    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }

    private static func list<Element>(_ elements: [Element], _ text: (Element) -> String) -> String {
        elements.prefix(listedCount).map(text).joined(separator: "; ") + rest(of: elements.count)
    }

    private static func rest(of count: Int) -> String { count > listedCount ? " and \(count - listedCount) more" : "" }
}
