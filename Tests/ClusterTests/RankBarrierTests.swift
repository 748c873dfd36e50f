import TestSupport
import Testing
import Transport

@testable import Cluster

@Suite("The end of a benchmark")
struct RankBarrierTests {
    @Test("A rank waits until all have arrived, or until the deadline")
    func ends() throws {
        let folder = try TemporaryFolder()
        let barriers = (0..<3).map { RankBarrier(directory: folder.path, rank: $0, rankCount: 3) }
        #expect(try !barriers[0].wait(until: Deadline(afterMilliseconds: 0)))
        var callCount = 0
        let areAllThere = try barriers[2].wait(until: Deadline(afterMilliseconds: 60_000)) {
            callCount += 1
            _ = try? barriers[1].wait(until: Deadline(afterMilliseconds: 0))
        }
        #expect(areAllThere && callCount == 1)
    }

    @Test("A folder that does not exist is an error that names the file")
    func missingFolder() {
        let barrier = RankBarrier(directory: "/nowhere", rank: 1, rankCount: 2)
        let error = #expect(throws: TransportError.self) { try barrier.wait(until: Deadline(afterMilliseconds: 0)) }
        #expect(error?.description.contains("/nowhere/done-1") == true)
    }
}
