import Collectives
import Core
import Testing

@testable import Cluster
@testable import Transport

/// A transport that never gives a payload back. Every wait is interrupted.
private final class StuckTransport: FrameTransport {
    func sendCopy(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, to rank: Int
    ) throws(TransportError) -> Bool { true }

    func sendBorrowed(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, counter: ReleaseCounter, to rank: Int
    ) throws(TransportError) -> Bool {
        _ = counter.lend()
        return true
    }

    func borrows(_ payload: UnsafeRawBufferPointer, to rank: Int) -> Bool { true }

    func receive() throws(TransportError) -> ReceivedFrame? { nil }

    func wait(untilSendingTo rank: Int?, deadline: Deadline) throws(TransportError) -> WaitOutcome { .interrupted }
}

@Suite("Memory for gradients")
struct GradientMemoryTests {
    @Test func `a wait for memory that a peer does not read ends with the interrupt`() throws {
        let driver = AllReduceDriver(
            .init(
                job: JobIdentifier(high: 3, low: 4), generation: 1, rank: 0,
                ownership: try Ownership(microBatchCount: 8, workerCount: 2), buckets: [0..<100], statisticsWidth: 0),
            transport: StuckTransport(), held: HeldFrames(capacity: 100), add: AllReduceDriverTests.add)
        let deadline = Deadline(afterMilliseconds: 200)
        try driver.begin(step: 1, batchSize: 8, deadline: deadline)
        driver.bucketReady(0)
        try driver.reserve(deadline: deadline)
        #expect(throws: AllReduceError.interrupted) { try driver.reserve(deadline: deadline) }
    }
}
