import Collectives
import Coordination
import Runs
import Transport

/// The links of a view for those who watch the run: over what the workers of each host and of every two hosts are
/// connected, and what a step sends there. A pure function of the view and of what its members reported.
struct ViewLinks {
    /// What the traffic of a step follows from.
    struct Model {
        var microBatchCount: Int
        var batchSize: Int
        /// Floats of each vector that is summed.
        var bucketCounts: [Int]
        /// Whether workers of one host exchange through memory where they can.
        var usesMemory: Bool
    }

    private struct Host {
        let number: Int
        let name: String
        var ranks: [Int]
    }

    /// For more members the traffic is not computed: the coordinator's thread has other work.
    private static let memberLimit = 64

    private let hosts: [Host]
    private let links: ClusterStatus.Links
    private let traffic: [PlanTraffic]

    init(_ links: ClusterStatus.Links, _ model: Model) {
        self.links = links
        var hosts: [Host] = []
        for member in links.view.members {
            if let place = hosts.firstIndex(where: { $0.number == member.hostNumber }) {
                hosts[place].ranks.append(member.rank)
            } else {
                hosts.append(Host(number: member.hostNumber, name: member.host, ranks: [member.rank]))
            }
        }
        self.hosts = hosts
        traffic = Self.traffic(links.view, model)
    }

    /// That of each vector; empty where it is not computed.
    private static func traffic(_ view: View, _ model: Model) -> [PlanTraffic] {
        guard view.members.count <= memberLimit,
            let ownership = try? view.ownership(
                microBatchCount: model.microBatchCount, usesMemory: model.usesMemory)
        else { return [] }
        return model.bucketCounts.map { count in
            PlanTraffic(ReductionPlan(ownership: ownership, batchSize: model.batchSize, elementCount: count))
        }
    }

    /// First those inside of hosts, then those between them; empty for one worker. `stepsPerSecond` is nil while it is
    /// not known.
    func links(stepsPerSecond: Double?) -> [RunStatus.Link] {
        let inside = hosts.filter { $0.ranks.count > 1 }.map { host -> RunStatus.Link in
            let bytes = byteCount(from: host, to: host)
            return RunStatus.Link(
                host: host.name, medium: medium(inside: host), workerCount: host.ranks.count, stepBytes: bytes,
                megabitsPerSecond: rate(bytes, stepsPerSecond))
        }
        let between = hosts.indices.flatMap { index -> [RunStatus.Link] in
            hosts[(index + 1)...].map { other -> RunStatus.Link in
                let (there, back) = (byteCount(from: hosts[index], to: other), byteCount(from: other, to: hosts[index]))
                let most = [there, back].compactMap(\.self).max()
                return RunStatus.Link(
                    host: hosts[index].name, otherHost: other.name, medium: socketMedium(of: other),
                    workerCount: hosts[index].ranks.count, otherWorkerCount: other.ranks.count, stepBytes: there,
                    stepBytesBack: back, megabitsPerSecond: rate(most, stepsPerSecond))
            }
        }
        return inside + between
    }

    private func medium(inside host: Host) -> RunStatus.Link.Medium {
        host.ranks.allSatisfy { links.sharesMemory[$0] } ? .memory : socketMedium(of: host)
    }

    private func socketMedium(of host: Host) -> RunStatus.Link.Medium {
        let address = host.ranks.first.flatMap { try? Endpoint(parsing: links.view.members[$0].inboxAddress) }
        if case .tcp? = address { return .tcp }
        return .ipc
    }

    /// Nil where it was not computed. Members of one host that do not share memory count as hosts in the plan.
    private func byteCount(from host: Host, to other: Host) -> Int? {
        guard !traffic.isEmpty else { return nil }
        let count = traffic.reduce(0) { $0 + $1.elementCount(from: host.ranks, to: other.ranks) }
        return count * MemoryLayout<Float>.size
    }

    private func rate(_ byteCount: Int?, _ stepsPerSecond: Double?) -> Double? {
        guard let byteCount, let stepsPerSecond else { return nil }
        return Double(byteCount) * 8 * stepsPerSecond / 1e6
    }
}
