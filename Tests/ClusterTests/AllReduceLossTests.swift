import Collectives
import Core
import Foundation
import Testing
import Transport

@testable import Cluster

@Suite("The all-reduce over a faulty network")
struct AllReduceLossTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var runs: [Range<Int>]
        var hosts: [Int]?
        var faults: MemoryNetwork.Faults
        var testDescription: String { "\(runs), \(faults)" }
    }

    private static let buckets = [0..<7, 7..<5000, 5008..<30_000]
    private static let stepCount = 12

    /// Two drivers, like those of a pass's sums and of the gradients: one step with the first, two with the second. So
    /// the driver that runs receives requests about its own step before and about the other's.
    private static func runRank(_ network: MemoryNetwork, rank: Int, ownership: Ownership) throws -> Int {
        let transport = MemoryTransport(network, rank: rank)
        let held = HeldFrames(capacity: 1 << 14)
        let drivers = [[0..<40], buckets].enumerated().map { width, buckets in
            AllReduceDriver(
                .init(
                    job: JobIdentifier(high: 3, low: 4), generation: 1, rank: rank, ownership: ownership,
                    buckets: buckets, statisticsWidth: width, resendMilliseconds: 3),
                transport: transport, held: held, add: AllReduceDriverTests.add)
        }
        for (driver, other) in [(drivers[0], drivers[1]), (drivers[1], drivers[0])] {
            driver.answersElsewhere = { [unowned other] in _ = other.answer($0) }
        }
        var differences = 0
        for step in 0..<stepCount {
            differences += try differenceCount(drivers[min(step % 3, 1)], step: step, rank: rank)
        }
        network.finish(rank)
        while !network.allAreFinished {
            drivers[min((stepCount - 1) % 3, 1)].serve()
            ThreadScheduling.yield()
        }
        return differences
    }

    /// Runs a step and counts the elements that are not the tree's sum.
    private static func differenceCount(
        _ driver: AllReduceDriver<MemoryTransport>, step: Int, rank: Int
    ) throws -> Int {
        let batchSize = step % 4 == 2 ? 3 : 100
        let deadline = Deadline(afterMilliseconds: 60_000)
        let ownership = driver.configuration.ownership
        let all = 0..<ownership.microBatchCount
        let batch = MicroBatches(sampleCount: batchSize, count: all.count)
        try driver.begin(step: UInt64(step), batchSize: batchSize, deadline: deadline)
        if driver.configuration.statisticsWidth > 0 {
            for leaf in ownership.runs[rank] { driver.statistics[leaf] = Double(step * 100 + leaf) }
            driver.statisticsReady()
        }
        for bucket in driver.configuration.buckets.indices.reversed() {
            for (root, node) in driver.program.roots.enumerated() {
                let leaves = ownership.tree.leaves(of: node)
                for index in driver.configuration.buckets[bucket] {
                    driver.gradient[root * driver.rootStride + index] =
                        AllReduceDriverTests.sum(step: step, leaves: leaves, batch: batch, index: index) ?? .nan
                }
            }
            driver.bucketReady(bucket)
        }
        try driver.finish(deadline: deadline)
        var differences = 0
        for index in driver.configuration.buckets.joined() {
            let expected = AllReduceDriverTests.sum(step: step, leaves: all, batch: batch, index: index)
            if driver.sum[index].bitPattern != expected?.bitPattern { differences += 1 }
        }
        for leaf in all where driver.configuration.statisticsWidth > 0 {
            if driver.statistics[leaf] != Double(step * 100 + leaf) { differences += 1 }
        }
        return differences
    }

    @Test(
        "Lost, duplicated, damaged and reordered frames change no bit, and every rank finishes",
        arguments: [
            Case(runs: [0..<4, 4..<8], faults: .init(lossShare: 0.3, damageShare: 0.02)),
            Case(
                runs: [0..<1, 1..<6, 6..<8],
                faults: .init(lossShare: 0.1, doublingShare: 0.2, damageShare: 0.02, reorders: true)),
            Case(
                runs: [0..<1, 1..<3, 3..<4, 4..<7, 7..<8], hosts: [0, 0, 0, 1, 1],
                faults: .init(lossShare: 0.1, doublingShare: 0.2, damageShare: 0.02, reorders: true)),
            Case(runs: [0..<3, 3..<8, 0..<0], faults: .init(doublingShare: 0.3, reorders: true)),
            Case(runs: [0..<8, 8..<8, 8..<8], faults: .init(doublingShare: 0.3, damageShare: 0.01, reorders: false)),
        ])
    func faults(test: Case) throws {
        let ownership = try Ownership(microBatchCount: 8, runs: test.runs, hosts: test.hosts)
        let network = MemoryNetwork(count: test.runs.count, faults: test.faults, seed: 11)
        let results = ResultBox(count: test.runs.count)
        for rank in test.runs.indices {
            Thread {
                results.set(rank, Result { try Self.runRank(network, rank: rank, ownership: ownership) })
            }.start()
        }
        for rank in test.runs.indices { #expect(try results.wait(rank).get() == 0) }
    }

    @Test("A learner that is left behind fails with the missing frame, and the others finish")
    func leftBehind() throws {
        let ownership = try Ownership(microBatchCount: 8, runs: [0..<4, 4..<8, 8..<8])
        let network = MemoryNetwork(count: 3, faults: .init(deafRank: 2, deafFrameCount: 30), seed: 11)
        let results = ResultBox(count: 3)
        for rank in 0..<3 {
            Thread {
                results.set(rank, Result { try Self.runRank(network, rank: rank, ownership: ownership) })
                network.finish(rank)
            }.start()
        }
        for rank in 0..<2 { #expect(try results.wait(rank).get() == 0) }
        do {
            _ = try results.wait(2).get()
            Issue.record("a learner continued without the frames that it missed")
        } catch let error as AllReduceError {
            guard case .missing = error else { throw error }
        }
    }

    @Test("A damaged frame is taken when it arrives intact later; a rank that sends sixteen of them is named")
    func damagedForEver() throws {
        let ownership = try Ownership(microBatchCount: 8, workerCount: 2)
        for damagedCount in [15, 16] {
            let network = MemoryNetwork(count: 2, faults: .init(), seed: 5)
            let driver = AllReduceDriver(
                .init(
                    job: JobIdentifier(high: 3, low: 4), generation: 1, rank: 0, ownership: ownership,
                    buckets: [0..<3], statisticsWidth: 0, resendMilliseconds: 1),
                transport: MemoryTransport(network, rank: 0), held: HeldFrames(capacity: 10),
                add: AllReduceDriverTests.add)
            try driver.begin(step: 1, batchSize: 8, deadline: Deadline(afterMilliseconds: 60_000))
            for index in 0..<3 { driver.gradient[index] = 1 }
            driver.bucketReady(0)
            for _ in 0..<damagedCount { send([2, 3, 5], damage: 1, to: network) }
            send([2, 3, 4], damage: 0, to: network)
            if damagedCount == 15 {
                try driver.finish(deadline: Deadline(afterMilliseconds: 60_000))
                #expect((0..<3).map { driver.sum[$0] } == [3, 4, 5])
                #expect(driver.dropped.damaged == 15)
                continue
            }
            let fault = PeerFault(rank: 1, reason: .damagedPayload(bucket: 0))
            #expect(throws: AllReduceError.peerFault(fault)) {
                try driver.finish(deadline: Deadline(afterMilliseconds: 60_000))
            }
        }
    }

    /// Sends rank 1's only root to rank 0, with a wrong checksum if wanted.
    private func send(_ values: [Float], damage: UInt32, to network: MemoryNetwork) {
        let payload = values.withUnsafeBytes { Array($0) }
        let checksum = payload.withUnsafeBytes { CRC32C.checksum($0) }
        var bytes = SIMD8<UInt64>()
        withUnsafeMutableBytes(of: &bytes) { buffer in
            guard let base = buffer.baseAddress else { return }
            let label = FrameLabel(
                kind: .contribution, job: JobIdentifier(high: 3, low: 4), generation: 1, step: 1, bucket: 0,
                elementOffset: 0, elementCount: values.count, sender: 1, node: 3)
            FrameHeader(label, payloadChecksum: checksum ^ damage).encode(into: base)
        }
        network.send(bytes, payload, to: 0)
    }
}
