import Testing

@testable import Coordination

@Suite("The roster")
struct RosterTests {
    private typealias Fixtures = CoordinatorFixtures

    private var roster = Fixtures.roster(3)

    @Test mutating func `a worker is found by connection, nonce, name, address and local process until it is gone`() {
        func places() -> [Int?] {
            var (namesake, other) = (Fixtures.hello(7), Fixtures.hello(1))
            namesake.name = "w1"
            other.name = "another"
            return [
                roster.index(of: Fixtures.connection(1)), roster.index(of: ProcessNonce(high: 0, low: 1)),
                roster.index(ofIdentifier: 2), roster.index(ofLocalProcess: 1001),
                roster.index(conflictingWith: namesake), roster.index(conflictingWith: other),
            ]
        }
        #expect(places() == [1, 1, 1, 1, 1, 1])
        roster.remove(1)
        #expect(places() == [nil, nil, nil, nil, nil, nil])
        #expect(roster.hasKnown(localProcess: 1001) && roster.present == [0, 2])
    }

    @Test mutating func `only a higher counter is progress, and a lower one is dropped`() {
        #expect(roster.update(0, Fixtures.progress(3, counter: 2), now: 10) == true)
        #expect(roster[0].lastProgressed == 10)
        #expect(roster.update(0, Fixtures.progress(3, counter: 2), now: 20) == true)
        #expect(roster[0].lastProgressed == 10)
        #expect(roster.update(0, Fixtures.progress(9, counter: 1), now: 30) == false)
        #expect(roster[0].progress.completedSteps == 3)
    }

    @Test mutating func `a member's completed steps never decrease`() {
        roster.enterView([0], now: 0)
        _ = roster.update(0, Fixtures.progress(5, counter: 1), now: 0)
        _ = roster.update(0, Fixtures.progress(4, counter: 2), now: 0)
        #expect(roster[0].progress.completedSteps == 5)
    }

    @Test mutating func `a new view makes its members by rank and all others spares`() {
        roster.enterView([2, 0], now: 5)
        #expect(roster.workers.map(\.rank) == [1, nil, 0])
        roster.setLinked(2, generation: 1, completedSteps: 0)
        roster.setDone(
            2, Done(generation: 1, completedSteps: 4, stateDigest: SampleMessages.digest(1), isComplete: true), now: 6)
        roster.enterView([1], now: 7)
        #expect(roster.workers.map(\.rank) == [nil, 0, nil])
        #expect(roster[2].done == nil && roster[2].wasMember && roster.holders == [1])
        #expect(roster[1].label == "worker 'w1' (rank 0)" && roster[2].label == "worker 'w2'")
    }

    @Test mutating func `workers are grouped by digest, the largest group first`() {
        for (worker, digest) in zip(0..<3, [1, 2, 2] as [UInt8]) {
            roster.setReady(worker, Fixtures.ready(1, digest: digest))
        }
        let groups = roster.groups { $0.ready?.stateDigest }
        #expect(groups.map(\.workers) == [["worker 'w1'", "worker 'w2'"], ["worker 'w0'"]])
    }
}
