import Collectives
import Core
import Foundation
import Testing

@testable import Cluster
@testable import Transport

@Suite("The all-reduce over ZeroMQ")
struct AllReduceDriverTests {
    private static let shared = try? ZeroMQContext()

    private static func context() throws -> ZeroMQContext {
        guard let shared else { throw TransportError.libraryTooOld(version: ZeroMQContext.libraryVersion) }
        return shared
    }

    static let add: VectorAddition = { count, left, right, sum in
        for index in 0..<count { sum[index] = left[index] + right[index] }
    }

    /// Element `index` of the gradient of micro-batch `leaf` in a step: very different magnitudes, so that every
    /// change of grouping changes bits.
    private static func value(step: Int, leaf: Int, index: Int) -> Float {
        var word = UInt64(step) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(leaf) << 40 &+ UInt64(index)
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        let magnitude = Float(sign: .plus, exponent: Int(word >> 60) - 8, significand: 1)
        return (Float(word & 0xFF_FFFF) - 0x80_0000) * magnitude
    }

    static func sum(step: Int, leaves: Range<Int>, batch: MicroBatches, index: Int) -> Float? {
        if leaves.count == 1 {
            guard !batch[leaves.lowerBound].isEmpty else { return nil }
            return value(step: step, leaf: leaves.lowerBound, index: index)
        }
        let middle = leaves.lowerBound + leaves.count / 2
        let left = sum(step: step, leaves: leaves.lowerBound..<middle, batch: batch, index: index)
        let right = sum(step: step, leaves: middle..<leaves.upperBound, batch: batch, index: index)
        guard let left else { return right }
        guard let right else { return left }
        return left + right
    }

    private struct Case: Sendable {
        var ownership: Ownership
        var buckets: [Range<Int>]
        var batchSizes: [Int]
        var endpoints: [Endpoint]
    }

    private static func transport(_ inbox: Inbox, rank: Int, endpoints: [Endpoint], interrupt: InterruptEvent)
        throws -> ZeroMQFrameTransport
    {
        let options = SocketOptions.data(highWaterMark: 500, maximumPayloadByteCount: 1 << 20)
        return try ZeroMQFrameTransport(
            context(), rank: rank, endpoints: endpoints, options: options, inbox: inbox, interrupt: interrupt)
    }

    private static func inbox(_ endpoint: Endpoint) throws -> Inbox {
        try Inbox(
            context(), at: endpoint, options: .data(highWaterMark: 500, maximumPayloadByteCount: 1 << 20))
    }

    /// Runs one rank on its own thread; returns the number of elements that differ from the plain tree sum.
    private static func runRank(_ inbox: Inbox, rank: Int, _ test: Case) throws -> Int {
        let transport = try transport(inbox, rank: rank, endpoints: test.endpoints, interrupt: InterruptEvent())
        #expect(try transport.waitUntilConnected(deadline: Deadline(afterMilliseconds: 20_000)) == .ready)
        let width = 2
        let driver = AllReduceDriver(
            .init(
                job: JobIdentifier(high: 3, low: 4), generation: 1, rank: rank, ownership: test.ownership,
                buckets: test.buckets, statisticsWidth: width),
            transport: transport, held: HeldFrames(capacity: 2000), add: add)
        var differences = 0
        for (step, batchSize) in test.batchSizes.enumerated() {
            let deadline = Deadline(afterMilliseconds: 20_000)
            try driver.begin(step: UInt64(step), batchSize: batchSize, deadline: deadline)
            let batch = MicroBatches(sampleCount: batchSize, count: test.ownership.microBatchCount)
            for leaf in test.ownership.runs[rank] {
                for item in 0..<width {
                    driver.statistics[leaf * width + item] = Double(step * 1000 + leaf * 10 + item)
                }
            }
            driver.statisticsReady()
            for bucket in test.buckets.indices.reversed() {
                for (root, node) in driver.program.roots.enumerated() {
                    let leaves = test.ownership.tree.leaves(of: node)
                    for index in test.buckets[bucket] {
                        driver.gradient[root * driver.rootStride + index] =
                            sum(step: step, leaves: leaves, batch: batch, index: index) ?? .nan
                    }
                }
                driver.bucketReady(bucket)
            }
            try driver.finish(deadline: deadline)
            let all = 0..<test.ownership.microBatchCount
            for index in test.buckets.joined() {
                let expected = sum(step: step, leaves: all, batch: batch, index: index)
                if driver.sum[index].bitPattern != expected?.bitPattern { differences += 1 }
            }
            for leaf in all where driver.statistics[leaf * width + 1] != Double(step * 1000 + leaf * 10 + 1) {
                differences += 1
            }
        }
        // The last frames may still be on their way to a slower rank.
        while !driver.isMemoryIdle { ThreadScheduling.yield() }
        transport.close(lingerMilliseconds: 5000)
        return differences
    }

    @Test(
        "Every rank ends every step with the plain tree sum, bit for bit",
        arguments: [(1, 8), (2, 8), (3, 8), (4, 4), (5, 16)])
    func sums(workers: Int, microBatchCount: Int) throws {
        try run(Ownership(microBatchCount: microBatchCount, workerCount: workers))
    }

    @Test("Workers on several hosts end every step with the same sums and statistics")
    func hosts() throws {
        try run(
            Ownership(
                microBatchCount: 16, runs: [0..<3, 3..<5, 5..<8, 8..<11, 11..<16, 16..<16],
                hosts: [0, 0, 0, 1, 1, 1]))
    }

    private func run(_ ownership: Ownership) throws {
        let (workers, microBatchCount) = (ownership.workerCount, ownership.microBatchCount)
        let folder = NSTemporaryDirectory() + "selvedge-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let endpoints = (0..<workers).map { Endpoint.ipc(path: "\(folder)/r\($0)") }
        let test = Case(
            ownership: ownership, buckets: [0..<7, 7..<5000, 5008..<90_000],
            batchSizes: [100, 100, microBatchCount / 2, 100, 1, 100],
            endpoints: endpoints)
        let results = ResultBox(count: workers)
        // All inboxes listen before a rank connects; each is then used by its own thread only.
        let inboxes = try endpoints.map { Handed(try Self.inbox($0)) }
        let threads = (0..<workers).map { rank in
            Thread {
                results.set(rank, Result { try Self.runRank(inboxes[rank].value, rank: rank, test) })
            }
        }
        for thread in threads { thread.start() }
        for rank in 0..<workers { #expect(try results.wait(rank).get() == 0) }
    }

    @Test("A worker that sends nothing is named when the deadline passes, and an interrupt ends the wait at once")
    func missing() throws {
        let folder = NSTemporaryDirectory() + "selvedge-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let endpoints = (0..<3).map { Endpoint.ipc(path: "\(folder)/r\($0)") }
        let inboxes = try endpoints.map { try Self.inbox($0) }
        let interrupt = try InterruptEvent()
        let transport = try Self.transport(inboxes[0], rank: 0, endpoints: endpoints, interrupt: interrupt)
        #expect(try transport.waitUntilConnected(deadline: Deadline(afterMilliseconds: 20_000)) == .ready)
        let driver = AllReduceDriver(
            .init(
                job: JobIdentifier(high: 3, low: 4), generation: 1, rank: 0,
                ownership: try Ownership(microBatchCount: 8, workerCount: 3), buckets: [0..<100], statisticsWidth: 0),
            transport: transport, held: HeldFrames(capacity: 100), add: Self.add)
        try driver.begin(step: 1, batchSize: 8, deadline: Deadline(afterMilliseconds: 20_000))
        driver.bucketReady(0)
        do {
            try driver.finish(deadline: Deadline(afterMilliseconds: 30))
            Issue.record("finished without the others")
        } catch {
            guard case .missing(let frame, let milliseconds) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(frame == MissingFrame(rank: 1, kind: .contribution, bucket: 0))
            #expect(milliseconds >= 30)
        }
        interrupt.signal()
        #expect(throws: AllReduceError.interrupted) { try driver.finish(deadline: Deadline(afterMilliseconds: 20_000)) }
        interrupt.clear()
        inboxes[2].close()
        #expect(throws: AllReduceError.linkLost(rank: 2)) {
            try driver.finish(deadline: Deadline(afterMilliseconds: 20_000))
        }
        // Rank 1's inbox listens to the end; only rank 2's closed.
        withExtendedLifetime(inboxes) {}
    }
}

/// A value that is given to exactly one other thread.
private final class Handed<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}

/// The results of a test's threads.
final class ResultBox: @unchecked Sendable {
    private let condition = NSCondition()
    private var results: [Result<Int, any Error>?]

    init(count: Int) {
        results = Array(repeating: nil, count: count)
    }

    func set(_ index: Int, _ result: Result<Int, any Error>) {
        condition.lock()
        results[index] = result
        condition.broadcast()
        condition.unlock()
    }

    func wait(_ index: Int) -> Result<Int, any Error> {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result = results[index] { return result }
            condition.wait()
        }
    }
}
