import Testing

@testable import Coordination

@Suite("Assignment of micro-batches")
struct MicroBatchAssignmentTests {
    private let equal = MicroBatchAssignment(microBatchCount: 8, rebalances: false)
    private let bySpeed = MicroBatchAssignment(microBatchCount: 8, rebalances: true)

    @Test func `runs follow speed only where micro-batches may move and all times are known`() {
        #expect(equal.runs(microBatchNanoseconds: [10, 30], hostSizes: [2]) == [0..<4, 4..<8])
        #expect(bySpeed.runs(microBatchNanoseconds: [10, 30], hostSizes: [2]) == [0..<6, 6..<8])
        #expect(bySpeed.runs(microBatchNanoseconds: [10, 0], hostSizes: [2]) == [0..<4, 4..<8])
    }

    @Test func `runs are given out host by host, and follow speed only where that saves more than a tenth`() {
        let unknown: [UInt64] = [0, 0, 0, 0, 0]
        #expect(equal.runs(microBatchNanoseconds: unknown, hostSizes: [3, 2]) == [0..<1, 1..<2, 2..<4, 4..<6, 6..<8])
        #expect(bySpeed.runs(microBatchNanoseconds: [10, 12], hostSizes: [1, 1]) == [0..<4, 4..<8])
        #expect(bySpeed.runs(microBatchNanoseconds: [10, 30], hostSizes: [1, 1]) == [0..<6, 6..<8])
    }

    @Test func `micro-batches move when that saves more than a tenth, after three seconds of training`() {
        func wants(_ times: [UInt64], now: UInt64 = 3000) -> Bool {
            bySpeed.wantsRebalancing(
                of: [0..<4, 4..<8], microBatchNanoseconds: times, trainingSince: 0, now: now)
        }
        #expect(wants([10, 30]) && !wants([10, 30], now: 2999))
        #expect(!wants([10, 10]) && !wants([10, 0]) && !wants([10]))
        // 5 and 3 micro-batches: 50 instead of 52, less than a tenth.
        #expect(!wants([10, 13]))
    }

    @Test func `a worker is slow after three seconds at more than twice the others' median, and reported once`() {
        var assignment = equal
        func find(_ own: UInt64, now: UInt64) -> MicroBatchAssignment.SlowWorker? {
            assignment.findSlowness(of: 1, ownNanoseconds: own, others: [10, 0, 12], now: now)
        }
        #expect(find(30, now: 0) == nil)
        #expect(find(20, now: 1000) == nil, "it has recovered")
        #expect(find(30, now: 2000) == nil)
        #expect(find(30, now: 4999) == nil)
        #expect(find(30, now: 5000) == .init(ownNanoseconds: 30, usualNanoseconds: 12))
        #expect(find(30, now: 9000) == nil)
    }
}
