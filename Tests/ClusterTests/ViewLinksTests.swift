import Coordination
import Runs
import Testing

@testable import Cluster

/// What a coordinator reports of the links of a view.
@Suite struct ViewLinksTests {
    private static let model = ViewLinks.Model(
        microBatchCount: 8, batchSize: 64, bucketCounts: [600, 400], usesMemory: true)

    /// Two workers on the first host, and one on the second.
    private static func view(inbox: String = "tcp://10.0.0.1:4000") -> View {
        let members = [(0, 0..<2), (0, 2..<4), (1, 4..<8)].enumerated().map { rank, place in
            Member(
                rank: rank, workerIdentifier: UInt32(rank), name: "worker-\(rank)", host: "host\(place.0 + 1)",
                hostNumber: place.0, processIdentifier: 1, inboxAddress: inbox, microBatches: place.1)
        }
        return View(generation: 3, position: .start, holder: 0, members: members)
    }

    private static func links(
        _ view: View, sharesMemory: [Bool] = [true, true, true], stepsPerSecond: Double? = 1000
    ) -> [RunStatus.Link] {
        ViewLinks(ClusterStatus.Links(view: view, sharesMemory: sharesMemory), model)
            .links(stepsPerSecond: stepsPerSecond)
    }

    @Test func `one root of each host crosses the link between two hosts in a step`() {
        let links = Self.links(Self.view())
        #expect(links.map(\.medium) == [.memory, .tcp])
        #expect(
            links[1]
                == RunStatus.Link(
                    host: "host1", otherHost: "host2", medium: .tcp, workerCount: 2, otherWorkerCount: 1,
                    stepBytes: 4000, stepBytesBack: 4000, megabitsPerSecond: 32))
        #expect(links[0].otherHost == nil && links[0].workerCount == 2 && links[0].stepBytes ?? 0 > 0)
        #expect(Self.links(Self.view(), stepsPerSecond: nil)[1].megabitsPerSecond == nil)
    }

    @Test func `workers of a host that do not share memory are connected as their inboxes are`() {
        #expect(Self.links(Self.view(), sharesMemory: [true, false, true])[0].medium == .tcp)
        let files = Self.view(inbox: "ipc:///run/a")
        #expect(Self.links(files, sharesMemory: [false, false, false])[0].medium == .ipc)
        #expect(Self.links(files)[0].medium == .memory)
    }

    @Test func `one worker has no links, and many have no figures`() {
        var alone = Self.view()
        alone.members = [alone.members[0]]
        alone.members[0].microBatches = 0..<8
        #expect(Self.links(alone).isEmpty)
        var many = Self.view()
        many.members += (3..<80).map { rank in
            Member(
                rank: rank, workerIdentifier: UInt32(rank), name: "worker-\(rank)", host: "host1", hostNumber: 0,
                processIdentifier: 1, inboxAddress: "tcp://10.0.0.1:4000", microBatches: 8..<8)
        }
        let links = Self.links(many, sharesMemory: Array(repeating: true, count: 80))
        #expect(links.map(\.stepBytes) == [nil, nil] && links.map(\.workerCount) == [79, 79])
    }
}
