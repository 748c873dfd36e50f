import TestSupport
import Testing

@testable import Cluster

@Suite struct BenchmarkRendezvousTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `a worker serves its peers until the last of them has completed its steps`() throws {
        let rendezvous = BenchmarkRendezvous(directory: folder.path, workerCount: 3)
        try rendezvous.arrive(rank: 0)
        try rendezvous.arrive(rank: 2)
        #expect(!rendezvous.isComplete)
        var servedCount = 0
        rendezvous.waitForAll {
            servedCount += 1
            if servedCount == 3 { try? rendezvous.arrive(rank: 1) }
        }
        #expect(servedCount == 3)
    }

    @Test func `a single worker waits for none`() throws {
        let rendezvous = BenchmarkRendezvous(directory: folder.path, workerCount: 1)
        try rendezvous.arrive(rank: 0)
        rendezvous.waitForAll { Issue.record("it has no peer to serve") }
    }
}
